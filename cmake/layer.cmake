# tb_layer(NAME SOURCES file ... [INTERNAL header ...] [USES layer ...] [PUBLIC lib ...]
#          [PRIVATE lib ...] [NOT_INSTALLED])
#
# One folder, one static library tb_NAME, installed as tilebound::NAME with the headers of the folder
# but those named INTERNAL. USES names the layers below, which are also all that its sources can
# include; tests/layering checks the order itself. A layer that has no C file yet is left out, here
# and where others use it.
#
# Headers are found by -iquote, not -I, so that none of ours can stand in for a foreign <file.h>. An
# installed header is <tilebound/file.h>, and finds its neighbours because they lie beside it.
function(tb_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 LAYER "NOT_INSTALLED" "" "SOURCES;INTERNAL;USES;PUBLIC;PRIVATE")
  if(NOT LAYER_SOURCES)
    message(STATUS "tilebound: ${name}/ has no code yet; left out")
    return()
  endif()
  set(target tb_${name})
  add_library(${target} STATIC ${LAYER_SOURCES})
  add_library(tilebound::${name} ALIAS ${target})
  target_compile_options(${target} PUBLIC
    $<BUILD_INTERFACE:-iquote${CMAKE_CURRENT_SOURCE_DIR}>)
  foreach(layer IN LISTS LAYER_USES)
    if(TARGET tb_${layer})
      target_link_libraries(${target} PUBLIC tb_${layer})
    endif()
  endforeach()
  target_link_libraries(${target} PUBLIC ${LAYER_PUBLIC} PRIVATE ${LAYER_PRIVATE})
  tb_compile_options(${target})
  # Shared libraries are made of them too: of the tests', and what is injected into a program.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${target} PRIVATE -fno-semantic-interposition)
  set_property(GLOBAL APPEND PROPERTY TB_ALL_LAYERS ${target})

  if(NOT LAYER_NOT_INSTALLED)
    target_include_directories(${target} PUBLIC $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
    set_property(GLOBAL APPEND PROPERTY TB_INSTALLED_LAYERS ${target})
    install(TARGETS ${target} EXPORT tilebound ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    file(GLOB headers RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS *.h)
    list(REMOVE_ITEM headers ${LAYER_INTERNAL})
    install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tilebound)
  endif()
endfunction()

# What every target of ours is compiled with: pedantic C17, POSIX 2008.
function(tb_compile_options target)
  target_compile_features(${target} PUBLIC c_std_17)
  target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L)
  target_compile_options(${target} PRIVATE
    -pedantic -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wdouble-promotion -Wvla
    -Wformat=2 -Wcast-qual -Wstrict-prototypes -Wmissing-prototypes)
  if(TB_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
