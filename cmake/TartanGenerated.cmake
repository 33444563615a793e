# Generated headers: tartan/version.h (public), tt_config.h and tt_revision.h (private).

set(TARTAN_GENERATED_DIR "${CMAKE_BINARY_DIR}/generated")

tartan_soname(TT_SCALAPACK_LIBRARY "${ScaLAPACK_LIBRARY}")
set(TT_SCALAPACK_PATH "${ScaLAPACK_LIBRARY}")
set(TT_COMPILER "${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}")
set(TT_BUILD_TYPE "${CMAKE_BUILD_TYPE}")
string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
set(TT_OPTIMIZED 0)
if("${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${build_type}}" MATCHES "-O[23]" AND NOT TARTAN_SANITIZE)
  set(TT_OPTIMIZED 1)
endif()

configure_file(cmake/version.h.in "${TARTAN_GENERATED_DIR}/include/tartan/version.h" @ONLY)
configure_file(cmake/tt_config.h.in "${TARTAN_GENERATED_DIR}/private/tt_config.h" @ONLY)

# The revision is asked at every build, its header rewritten only when it changed.
find_package(Git QUIET)
add_custom_target(tartan_revision
  COMMAND "${CMAKE_COMMAND}"
    -D "GIT=${GIT_EXECUTABLE}"
    -D "SOURCE_DIR=${CMAKE_CURRENT_SOURCE_DIR}"
    -D "OUTPUT=${TARTAN_GENERATED_DIR}/private/tt_revision.h"
    -P "${CMAKE_CURRENT_SOURCE_DIR}/cmake/revision.cmake"
  BYPRODUCTS "${TARTAN_GENERATED_DIR}/private/tt_revision.h"
  VERBATIM)
