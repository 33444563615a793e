# Find parallel HDF5 for the MPI in use; refuse a serial one.
#
# Order: TARTAN_HDF5_INCLUDE_DIR with TARTAN_HDF5_LIBRARY, then HDF5_ROOT through CMake's FindHDF5, then
# pkg-config hdf5-openmpi or hdf5-mpich, then FindHDF5.
#
# Results: TARTAN_HDF5_INCLUDE_DIRS, TARTAN_HDF5_LIBRARIES, TARTAN_HDF5_FILE (the library itself)

set(TARTAN_HDF5_INCLUDE_DIR "" CACHE PATH "Folder of hdf5.h (empty: search)")
set(TARTAN_HDF5_LIBRARY "" CACHE FILEPATH "HDF5's library, full path (empty: search)")

set(hdf5_modules hdf5-openmpi)
if("${MPI_C_LIBRARIES}" MATCHES "mpich")
  set(hdf5_modules hdf5-mpich)
endif()

if(TARTAN_HDF5_INCLUDE_DIR AND TARTAN_HDF5_LIBRARY)
  set(TARTAN_HDF5_INCLUDE_DIRS "${TARTAN_HDF5_INCLUDE_DIR}")
  set(TARTAN_HDF5_LIBRARIES "${TARTAN_HDF5_LIBRARY}")
else()
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND AND NOT HDF5_ROOT AND NOT DEFINED ENV{HDF5_ROOT})
    pkg_search_module(TARTAN_PC_HDF5 QUIET ${hdf5_modules})
  endif()
  if(TARTAN_PC_HDF5_FOUND)
    set(TARTAN_HDF5_INCLUDE_DIRS "${TARTAN_PC_HDF5_INCLUDE_DIRS}")
    set(TARTAN_HDF5_LIBRARIES "${TARTAN_PC_HDF5_LINK_LIBRARIES}")
  else()
    set(HDF5_PREFER_PARALLEL ON)
    find_package(HDF5 COMPONENTS C)
    if(NOT HDF5_FOUND)
      message(FATAL_ERROR "parallel HDF5 not found: on Debian install libhdf5-openmpi-dev; elsewhere set HDF5_ROOT")
    endif()
    set(TARTAN_HDF5_INCLUDE_DIRS "${HDF5_C_INCLUDE_DIRS}")
    set(TARTAN_HDF5_LIBRARIES "${HDF5_C_LIBRARIES}")
  endif()
endif()

set(TARTAN_HDF5_FILE)
foreach(library IN LISTS TARTAN_HDF5_LIBRARIES)
  if(NOT TARTAN_HDF5_FILE AND library MATCHES "/libhdf5[^/]*$")
    set(TARTAN_HDF5_FILE "${library}")
  endif()
endforeach()
if(NOT TARTAN_HDF5_FILE)
  message(FATAL_ERROR "no HDF5 library among ${TARTAN_HDF5_LIBRARIES}")
endif()

include(CheckCSourceCompiles)
set(CMAKE_REQUIRED_INCLUDES ${TARTAN_HDF5_INCLUDE_DIRS} ${MPI_C_INCLUDE_DIRS})
set(CMAKE_REQUIRED_QUIET ON)
set(hdf5_probe "#include <hdf5.h>
#ifndef H5_HAVE_PARALLEL
#error serial
#endif
int main(void) { return 0; }")
# The answer belongs to one header: asked again when another is chosen.
string(MD5 hdf5_key "${TARTAN_HDF5_INCLUDE_DIRS}")
check_c_source_compiles("${hdf5_probe}" TARTAN_HDF5_PARALLEL_${hdf5_key})
unset(CMAKE_REQUIRED_INCLUDES)
unset(CMAKE_REQUIRED_QUIET)
if(NOT TARTAN_HDF5_PARALLEL_${hdf5_key})
  message(FATAL_ERROR
    "This HDF5 is serial (its header does not define H5_HAVE_PARALLEL), and Tartan reads and writes in parallel:\n"
    "  HDF5 is ${TARTAN_HDF5_FILE} (${TARTAN_HDF5_INCLUDE_DIRS})\n"
    "  MPI is ${MPI_C_LIBRARIES}\n"
    "On Debian install libhdf5-openmpi-dev; elsewhere set HDF5_ROOT to one built with this MPI.")
endif()
message(STATUS "Parallel HDF5: ${TARTAN_HDF5_FILE}")
