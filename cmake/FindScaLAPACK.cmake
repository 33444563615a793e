# Find ScaLAPACK's shared library for the MPI in use.
#
# Debian's own package configuration (find_package(scalapack CONFIG)) names a path that does not exist and
# aborts, so this looks with pkg-config first, then with find_library. The library is never linked: src/ext
# opens it at the first ScaLAPACK call. Set TARTAN_SCALAPACK_LIBRARIES to the file to use another one.
#
#   ScaLAPACK_FOUND
#   ScaLAPACK_LIBRARY   full path of the shared library

set(TARTAN_SCALAPACK_LIBRARIES "" CACHE STRING "ScaLAPACK's shared library, full path (empty: search)")

set(_scalapack_flavours openmpi mpich)
if("${MPI_C_LIBRARIES}" MATCHES "mpich")
  set(_scalapack_flavours mpich openmpi)
endif()

if(TARTAN_SCALAPACK_LIBRARIES)
  list(GET TARTAN_SCALAPACK_LIBRARIES 0 _scalapack_file)
  if(NOT EXISTS "${_scalapack_file}")
    message(FATAL_ERROR "TARTAN_SCALAPACK_LIBRARIES names ${_scalapack_file}, which does not exist")
  endif()
  set(ScaLAPACK_LIBRARY "${_scalapack_file}" CACHE FILEPATH "ScaLAPACK's shared library" FORCE)
else()
  find_package(PkgConfig QUIET)
  foreach(_flavour IN LISTS _scalapack_flavours)
    if(PkgConfig_FOUND AND NOT ScaLAPACK_LIBRARY)
      # Not pkg_check_modules: it would insist on the development files of everything ScaLAPACK requires.
      execute_process(
        COMMAND "${PKG_CONFIG_EXECUTABLE}" --variable=libdir scalapack-${_flavour}
        OUTPUT_VARIABLE _scalapack_libdir OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
      find_library(ScaLAPACK_LIBRARY NAMES scalapack-${_flavour} HINTS ${_scalapack_libdir})
    endif()
  endforeach()
  find_library(ScaLAPACK_LIBRARY NAMES scalapack scalapack-openmpi scalapack-mpich mkl_scalapack_lp64)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ScaLAPACK
  REQUIRED_VARS ScaLAPACK_LIBRARY
  REASON_FAILURE_MESSAGE
    "On Debian install libscalapack-openmpi-dev, elsewhere set TARTAN_SCALAPACK_LIBRARIES to the shared library.")
mark_as_advanced(ScaLAPACK_LIBRARY)
