# What `cmake --install` puts where; tests/install/run builds programs against the result.
# Layers install themselves (layer.cmake), as does the executable (cli/).
include(CMakePackageConfigHelpers)

# Data keeps the relative paths of the source tree, so that one lookup serves both.
foreach(folder models/devices models/kernels models/links models/mechanisms models/networks profiles/suites profiles/published)
  if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/${folder})
    cmake_path(GET folder PARENT_PATH parent)
    install(DIRECTORY ${folder} DESTINATION ${CMAKE_INSTALL_DATADIR}/tilebound/${parent})
  endif()
endforeach()
install(FILES LICENSE CHANGELOG.md README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR}) # the manual, beside the README that it links to

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tilebound)
install(EXPORT tilebound NAMESPACE tilebound:: FILE tilebound-targets.cmake
        DESTINATION ${package_dir})
configure_package_config_file(cmake/tilebound-config.cmake.in tilebound-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(tilebound-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tilebound-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/tilebound-config-version.cmake
        DESTINATION ${package_dir})

# The prefix is relative to the .pc file: an installed tree can be moved.
get_property(layers GLOBAL PROPERTY TB_INSTALLED_LAYERS)
list(REVERSE layers) # upper layers first, as a linker of static libraries wants them
list(TRANSFORM layers PREPEND "-l")
list(JOIN layers " " pc_layers)
cmake_path(SET pc_dir NORMALIZE ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pc_prefix ${pc_dir} ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_prefix "\${pcfiledir}/${pc_prefix}")
foreach(kind LIBDIR INCLUDEDIR)
  set(pc_${kind} "${CMAKE_INSTALL_${kind}}")
  if(NOT IS_ABSOLUTE "${pc_${kind}}")
    string(PREPEND pc_${kind} "\${prefix}/")
  endif()
endforeach()
configure_file(cmake/tilebound.pc.in tilebound.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tilebound.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
