# Hardening for every build: full RELRO, stack protector, fortify (needs optimisation), CET, no
# executable stack. The static program is non-PIE: relocating a static PIE costs about 0.2 ms a start.
add_library(reaperd_hardening INTERFACE)
target_compile_options(reaperd_hardening INTERFACE
  -fstack-protector-strong -fcf-protection=full -fno-plt -fno-semantic-interposition
  -ffunction-sections -fdata-sections)
if(NOT REAPERD_SANITIZE)  # the sanitizers check more, and fortify's wrappers hide calls from them
  target_compile_options(reaperd_hardening INTERFACE
    $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE>
    $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-D_FORTIFY_SOURCE=2>)
endif()
target_link_options(reaperd_hardening INTERFACE
  -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections)
if(REAPERD_STATIC)
  target_compile_options(reaperd_hardening INTERFACE -fno-pie)
  target_link_options(reaperd_hardening INTERFACE -static -no-pie)
else()
  target_compile_options(reaperd_hardening INTERFACE -fPIE)
  target_link_options(reaperd_hardening INTERFACE -pie)
endif()
