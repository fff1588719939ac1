# Warnings are errors: both compilers must be silent.
add_library(reaperd_warnings INTERFACE)
target_compile_options(reaperd_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align -Wunused -Wnull-dereference
  -Wformat=2 -Wimplicit-fallthrough -Wswitch-enum -Wvla
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op>
  # GCC 12 reports overlaps inside std::string that cannot be (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # A value-initialised aggregate with designated initialisers leaves the rest at its defaults on purpose.
  -Wno-missing-field-initializers)
