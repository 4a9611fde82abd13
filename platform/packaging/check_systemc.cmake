# SPDX-License-Identifier: Apache-2.0
# Finds SystemC (PkgConfig::systemc) and leaves in H2_SYSTEMC_ERROR why it cannot be used, or "".
# A SystemC library links only with the C++ standard it was built for; Debian's 2.3.4: C++17.
find_package(PkgConfig REQUIRED)
pkg_check_modules(systemc REQUIRED IMPORTED_TARGET systemc)

function(h2_check_systemc)
  set(H2_SYSTEMC_ERROR "" PARENT_SCOPE)
  if(DEFINED CMAKE_CXX_STANDARD AND NOT CMAKE_CXX_STANDARD EQUAL 17)
    set(H2_SYSTEMC_ERROR
        "SystemC ${systemc_VERSION} needs C++17, but CMAKE_CXX_STANDARD is ${CMAKE_CXX_STANDARD}"
        PARENT_SCOPE)
    return()
  endif()
  include(CheckCXXSourceCompiles)
  set(CMAKE_CXX_STANDARD 17)
  set(CMAKE_REQUIRED_LIBRARIES PkgConfig::systemc)
  set(CMAKE_REQUIRED_QUIET ON)
  check_cxx_source_compiles("#include <systemc>
    int sc_main(int, char**) { return 0; }" H2_SYSTEMC_LINKS)
  if(NOT H2_SYSTEMC_LINKS)
    set(H2_SYSTEMC_ERROR "SystemC ${systemc_VERSION} in ${systemc_LIBDIR} does not link with C++17"
        PARENT_SCOPE)
  endif()
endfunction()
h2_check_systemc()
