# Sanitizers and coverage, off unless a preset asks.
add_library(reaperd_instrument INTERFACE)
if(REAPERD_SANITIZE)
  # vptr: its check makes a pipe to see whether memory can be read, and takes it for bad where no
  # descriptor is left, which is what some tests are about.
  target_compile_options(reaperd_instrument INTERFACE
    -fsanitize=${REAPERD_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(reaperd_instrument INTERFACE -fsanitize=${REAPERD_SANITIZE})
endif()
if(REAPERD_COVERAGE)
  target_compile_options(reaperd_instrument INTERFACE --coverage -O0)
  target_link_options(reaperd_instrument INTERFACE --coverage)
endif()
