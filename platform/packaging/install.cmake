# SPDX-License-Identifier: Apache-2.0
# cmake --install: the program with its bash completion, the libraries, every header under the path it
# has here, the shipped configurations, sources of examples and driver, and the CMake package
# h2learn_vp.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(H2_CONFIG_DIR ${CMAKE_INSTALL_DATADIR}/h2learn_vp/configs)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/h2learn_vp)
set(package_files ${CMAKE_BINARY_DIR}/generated/packaging)

target_compile_features(h2core PUBLIC cxx_std_17)
install(TARGETS h2core h2platform h2vp h2 EXPORT h2learn_vp)
install(EXPORT h2learn_vp NAMESPACE h2learn_vp:: FILE h2learn_vp-targets.cmake
        DESTINATION ${package_dir})
install(DIRECTORY memory modules platform traces DESTINATION include/h2learn_vp
        FILES_MATCHING PATTERN "*.h" PATTERN cli EXCLUDE PATTERN packaging EXCLUDE
                             PATTERN report EXCLUDE)
install(FILES platform/library/h2.py platform/library/h2_arguments.py
              platform/library/h2_network.py platform/library/h2_server.py
              platform/library/h2_structures.py
        DESTINATION ${CMAKE_INSTALL_DATADIR}/h2learn_vp/python)
install(DIRECTORY configs/ DESTINATION ${H2_CONFIG_DIR} FILES_MATCHING PATTERN "*.yaml")

# The paths inside source/ are those of the tree, so that examples and driver compile with -Isource.
set(source_dir ${CMAKE_INSTALL_DATADIR}/h2learn_vp/source)
install(DIRECTORY examples DESTINATION ${source_dir}
        PATTERN quickstart.sh EXCLUDE PATTERN setup.sh EXCLUDE)
install(DIRECTORY modules/contract DESTINATION ${source_dir}/modules
        FILES_MATCHING PATTERN *.[ch])
install(DIRECTORY platform/driver platform/library DESTINATION ${source_dir}/platform
        FILES_MATCHING PATTERN *.[ch] PATTERN *.md)
install(FILES platform/host/riscv/h2_soc.h DESTINATION ${source_dir}/platform/host/riscv)
install(FILES platform/host/remote/h2_wire.h DESTINATION ${source_dir}/platform/host/remote)

# Made by the program itself; SystemC's kernel is never freed, so leaks are not looked for.
set(completion ${CMAKE_BINARY_DIR}/generated/completions/h2vp)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated/completions)
add_custom_command(OUTPUT ${completion}
                   COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0
                           $<TARGET_FILE:h2vp> --bash-completion > ${completion}
                   DEPENDS h2vp VERBATIM)
add_custom_target(completion ALL DEPENDS ${completion})
install(FILES ${completion} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)

configure_package_config_file(platform/packaging/h2learn_vp-config.cmake.in
                              ${package_files}/h2learn_vp-config.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS H2_CONFIG_DIR)
write_basic_package_version_file(${package_files}/h2learn_vp-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${package_files}/h2learn_vp-config.cmake
              ${package_files}/h2learn_vp-config-version.cmake
              platform/packaging/check_systemc.cmake
        DESTINATION ${package_dir})
