# `cpack -G DEB` and `cpack -G TGZ` in a release build; tests/install tries both packages.
set(CPACK_PACKAGE_NAME tilebound)
set(CPACK_PACKAGE_VENDOR "tilebound maintainers")
set(CPACK_PACKAGE_CONTACT "tilebound maintainers <maintainers@tilebound.invalid>")
set(CPACK_PACKAGE_DESCRIPTION
  "Counts the tiles that a sparse attention pattern makes a kernel visit, says
what speedup they allow, predicts how fast a kernel will be on a GPU, and
measures whether it is.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_GENERATOR TGZ)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_FILE_NAME tilebound-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "gnuplot-nox | gnuplot")
# Only a program that links the library needs these.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libgsl-dev, libyaml-dev, libjansson-dev, libmuparser-dev, libsqlite3-dev, man-db, openmpi-bin")
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package-debian.cmake)
include(CPack)
