# Choose one BLAS and LAPACK and make sure that no process loads a second flavour.
#
# OpenBLAS exists in several flavours (serial, pthreads, OpenMP) under the same sonames, and ScaLAPACK brings
# libblas.so.3 and liblapack.so.3 with it. So all names are linked from one folder, and that folder is written
# as DT_RPATH (tartan_rpath in TartanCompiler), which also holds for what ScaLAPACK asks for; DT_RUNPATH does not.
#
#   BLA_VENDOR        if set, CMake's FindBLAS and FindLAPACK choose
#   TARTAN_BLAS_DIR   if set, the folder with libblas.so, liblapack.so and, perhaps, libopenblas.so
#
# Results: TARTAN_BLAS_LIBRARIES, TARTAN_BLAS_RPATH (empty: no folder of its own), TARTAN_CBLAS_INCLUDE_DIR

set(TARTAN_BLAS_DIR "" CACHE PATH "Folder of the BLAS and LAPACK to use (empty: search)")

set(blas_dir "${TARTAN_BLAS_DIR}")
if(NOT blas_dir AND NOT BLA_VENDOR)
  find_path(TARTAN_OPENBLAS_OPENMP_DIR
    NAMES libopenblas.so
    HINTS "/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp"
    NO_DEFAULT_PATH)
  mark_as_advanced(TARTAN_OPENBLAS_OPENMP_DIR)
  if(TARTAN_OPENBLAS_OPENMP_DIR)
    set(blas_dir "${TARTAN_OPENBLAS_OPENMP_DIR}")
  endif()
endif()

set(TARTAN_BLAS_LIBRARIES)
if(blas_dir)
  foreach(name openblas lapack blas)
    if(EXISTS "${blas_dir}/lib${name}.so")
      list(APPEND TARTAN_BLAS_LIBRARIES "${blas_dir}/lib${name}.so")
    endif()
  endforeach()
  if(NOT TARTAN_BLAS_LIBRARIES)
    message(FATAL_ERROR "no libopenblas.so, liblapack.so or libblas.so in ${blas_dir} (TARTAN_BLAS_DIR)")
  endif()
else()
  if(NOT BLA_VENDOR)
    find_library(TARTAN_OPENBLAS_LIBRARY NAMES openblaso openblas)
    mark_as_advanced(TARTAN_OPENBLAS_LIBRARY)
  endif()
  if(TARTAN_OPENBLAS_LIBRARY)
    set(TARTAN_BLAS_LIBRARIES "${TARTAN_OPENBLAS_LIBRARY}")
  else()
    find_package(BLAS REQUIRED)
    find_package(LAPACK REQUIRED)
    set(TARTAN_BLAS_LIBRARIES ${LAPACK_LIBRARIES} ${BLAS_LIBRARIES})
    list(REMOVE_DUPLICATES TARTAN_BLAS_LIBRARIES)
  endif()
  list(GET TARTAN_BLAS_LIBRARIES 0 blas_first)
  get_filename_component(blas_dir "${blas_first}" DIRECTORY)
endif()

# A folder that the loader searches anyway needs no rpath (and must not get one: it would hide others).
set(TARTAN_BLAS_RPATH "${blas_dir}")
if(blas_dir IN_LIST CMAKE_C_IMPLICIT_LINK_DIRECTORIES OR NOT IS_ABSOLUTE "${blas_dir}")
  set(TARTAN_BLAS_RPATH "")
endif()

get_filename_component(blas_flavour "${blas_dir}" NAME)
find_path(TARTAN_CBLAS_INCLUDE_DIR
  NAMES cblas.h
  HINTS "/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/${blas_flavour}" "${blas_dir}/../include" "${blas_dir}/../../include"
  PATH_SUFFIXES openblas)
if(NOT TARTAN_CBLAS_INCLUDE_DIR)
  message(FATAL_ERROR "cblas.h not found: on Debian install libopenblas-openmp-dev; elsewhere set TARTAN_CBLAS_INCLUDE_DIR")
endif()
mark_as_advanced(TARTAN_CBLAS_INCLUDE_DIR)

include(CheckFunctionExists)
set(CMAKE_REQUIRED_LIBRARIES ${TARTAN_BLAS_LIBRARIES})
check_function_exists(cblas_dgemm TARTAN_HAVE_CBLAS)
check_function_exists(dsyevd_ TARTAN_HAVE_LAPACK)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT TARTAN_HAVE_CBLAS OR NOT TARTAN_HAVE_LAPACK)
  message(FATAL_ERROR "${TARTAN_BLAS_LIBRARIES} lacks CBLAS (cblas_dgemm) or LAPACK (dsyevd_): "
    "set TARTAN_BLAS_DIR or BLA_VENDOR to a complete one")
endif()
message(STATUS "BLAS and LAPACK: ${TARTAN_BLAS_LIBRARIES}")
