# What a shared library says about itself: its soname and the libraries that it needs.

# tartan_elf_entries(<variable> <SONAME|NEEDED> <file>): the entries of that kind, as a list.
function(tartan_elf_entries out kind file)
  file(REAL_PATH "${file}" real)
  execute_process(COMMAND "${CMAKE_READELF}" -d -W "${real}" OUTPUT_VARIABLE text ERROR_QUIET)
  string(REGEX MATCHALL "\\(${kind}\\)[^\n]*\\[[^]\n]+\\]" lines "${text}")
  list(TRANSFORM lines REPLACE ".*\\[([^]]+)\\].*" "\\1")
  set(${out} "${lines}" PARENT_SCOPE)
endfunction()

# tartan_soname(<variable> <file>): the soname, or the file's real name where it has none.
function(tartan_soname out file)
  tartan_elf_entries(names SONAME "${file}")
  if(NOT names)
    file(REAL_PATH "${file}" real)
    get_filename_component(names "${real}" NAME)
  endif()
  set(${out} "${names}" PARENT_SCOPE)
endfunction()

# tartan_require_same_mpi(<name> <file>): stop if <file> needs an MPI library other than the one we build with.
function(tartan_require_same_mpi name file)
  set(ours)
  set(our_file)
  foreach(library IN LISTS MPI_C_LIBRARIES)
    if(library MATCHES "/lib[^/]*mpi[^/]*\\.so")
      tartan_soname(soname "${library}")
      list(APPEND ours "${soname}")
      list(APPEND our_file "${library}")
    endif()
  endforeach()
  tartan_elf_entries(needed NEEDED "${file}")
  list(FILTER needed INCLUDE REGEX "^lib(p?mpi|mpich|msmpi|pmpich)[.0-9]*\\.so")
  foreach(soname IN LISTS needed)
    if(ours AND NOT soname IN_LIST ours)
      message(FATAL_ERROR
        "Two MPI libraries would meet in one process:\n"
        "  MPI is ${our_file} (${ours})\n"
        "  ${name} is ${file}, which needs ${soname}\n"
        "Use a ${name} built with the same MPI, or set MPI_C_COMPILER to the compiler wrapper of the other one.")
    endif()
  endforeach()
endfunction()
