# What is installed, and the packages made of it (./dev package): a .deb and a .tar.gz.
#
# reaperd and reaperctl come from this build tree (daemon/, ctl/CMakeLists.txt). reaperd-static, the manual pages and the
# completions are made beside them by scripts/dev/cmd/package.sh; without them `cmake --install` leaves them out.
include(GNUInstallDirs)
set(CMAKE_INSTALL_DOCDIR ${CMAKE_INSTALL_DATAROOTDIR}/doc/reaperd)
set(made ${CMAKE_BINARY_DIR}/packaging)

install(PROGRAMS ${made}/reaperd-static DESTINATION sbin OPTIONAL)

# Image authors write ENTRYPOINT ["/sbin/reaperd", "--"]; people who are not root type reaperd.
install(CODE [[
  set(bin "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/bin")
  file(MAKE_DIRECTORY "${bin}")
  foreach(program reaperd reaperd-static)
    file(CREATE_LINK ../sbin/${program} "${bin}/${program}" SYMBOLIC)
  endforeach()
]])

install(DIRECTORY ${made}/man8/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 OPTIONAL)
install(DIRECTORY ${made}/man1/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)
install(FILES ${made}/completions/reaperctl
  DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions OPTIONAL)
install(FILES ${made}/completions/_reaperctl
  DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/zsh/vendor-completions OPTIONAL)
install(FILES ${made}/completions/reaperctl.fish
  DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/fish/vendor_completions.d OPTIONAL)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
install(FILES packaging/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})

# Debian wants a change log of its form under this name; CHANGELOG.md is the one that is written.
configure_file(packaging/changelog.in ${made}/changelog @ONLY)
execute_process(COMMAND gzip -9nf ${made}/changelog COMMAND_ERROR_IS_FATAL ANY)
install(FILES ${made}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES packaging/lintian-overrides
  DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/lintian/overrides RENAME reaperd)

set(CPACK_PACKAGE_NAME reaperd)
set(CPACK_PACKAGE_VENDOR "reaperd maintainers")
set(CPACK_PACKAGE_CONTACT "reaperd maintainers <maintainers@reaperd.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "container init that reaps, forwards signals and explains")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/packaging/copyright)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"reaperd runs a command as the first process of a container, or as a child
subreaper anywhere else. It passes signals on, adopts orphans, collects the
dead at a cost that hardly grows with the number of live processes, and exits
as its command did.
.
Called as tini, dumb-init, catatonit or docker-init it takes their options. The
static program reaperd-static runs in an image that has nothing else.")

include(CPack)
