# Run by CPack once the files lie in the folder that becomes a package: where Debian wants them
# otherwise (policy 12.1, 12.5, 12.7; zsh's fpath there).
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  return()
endif()
file(GLOB_RECURSE copyrights ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/share/doc/tilebound/LICENSE)
list(GET copyrights 0 copyright)
cmake_path(GET copyright PARENT_PATH docs)
cmake_path(SET share NORMALIZE ${docs}/../..)
file(REMOVE ${copyright})
file(WRITE ${docs}/copyright
"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: tilebound

Files: *
Copyright: the tilebound maintainers
License: GPL-3+
 This program is free software: you can redistribute it and/or modify it under
 the terms of the GNU General Public License as published by the Free Software
 Foundation, either version 3 of the License, or (at your option) any later
 version.
 .
 On Debian systems, its full text is in /usr/share/common-licenses/GPL-3.
")
file(RENAME ${share}/zsh/site-functions ${share}/zsh/vendor-completions)
file(RENAME ${docs}/CHANGELOG.md ${docs}/changelog)
file(GLOB plain ${share}/man/man1/*.1 ${docs}/changelog)
execute_process(COMMAND gzip -9 -n ${plain} COMMAND_ERROR_IS_FATAL ANY)
# libtilebound_mpi.so is opened where mpirun started the command: who has mpirun has MPI, and others
# need none. dpkg-shlibdeps reads this before it asks which package a library is of.
file(MAKE_DIRECTORY ${CPACK_TEMPORARY_DIRECTORY}/debian)
file(WRITE ${CPACK_TEMPORARY_DIRECTORY}/debian/shlibs.local "libmpi 40\nlibmpi 12\nlibmpich 12\n")
