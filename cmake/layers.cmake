# One static library per folder of lib/. LINKS names the layers below; tests/lint checks that the
# includes agree.
function(reaperd_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  set(target reaperd_${name})
  if(ARG_SOURCES)
    add_library(${target} STATIC ${ARG_SOURCES})
    target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/lib)
    target_link_libraries(${target} PUBLIC ${ARG_LINKS}
      PRIVATE reaperd_warnings reaperd_hardening reaperd_instrument)
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${CMAKE_SOURCE_DIR}/lib)
    target_link_libraries(${target} INTERFACE ${ARG_LINKS})
  endif()
endfunction()

# What runs once or seldom is made small: resident memory is counted in stretches around
# what is touched (docs/kernel-facts.md, "What a fault of a file maps").
function(reaperd_seldom_run)
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS $<$<CONFIG:Release>:-Os>)
endfunction()
