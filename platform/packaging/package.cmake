# SPDX-License-Identifier: Apache-2.0
# cpack -G DEB: one Debian package of everything that cmake --install installs. Dependencies are those
# of the binaries (dpkg-shlibdeps, from dpkg-dev; it needs the program file).
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME h2learn-vp)
set(CPACK_PACKAGE_CONTACT "H2Learn-VP maintainers <maintainers@h2learn-vp.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
# Whatever the umask of the build: files and folders are readable by all.
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/platform/packaging/readable_by_all.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION electronics)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# vcd2fst for --fst, and the completion; then the headers that programs with the libraries include.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "gtkwave, bash-completion")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libsystemc-dev, libboost-iostreams-dev, libyaml-cpp-dev, \
libpng-dev, libjpeg-dev, libhdf5-dev, nlohmann-json3-dev, libssl-dev, libelf-dev, python3")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/h2learn-vp RENAME copyright)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/h2learn-vp)
include(CPack)
