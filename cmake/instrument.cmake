# Sanitizers and coverage, off unless a preset asks.
add_library(reaperd_instrument INTERFACE)
if(REAPERD_SANITIZE)
  target_compile_options(reaperd_instrument INTERFACE
    -fsanitize=${REAPERD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(reaperd_instrument INTERFACE -fsanitize=${REAPERD_SANITIZE})
endif()
if(REAPERD_COVERAGE)
  target_compile_options(reaperd_instrument INTERFACE --coverage -O0)
  target_link_options(reaperd_instrument INTERFACE --coverage)
endif()
