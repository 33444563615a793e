# Find ELPA, which is optional: src/ext/elpa.c opens the shared library at its first use.
#
#   TARTAN_ELPA            AUTO: use it if it is there and fits; ON: it must; OFF: never
#   TARTAN_ELPA_LIBRARY    the shared library, full path (empty: search)
#
# It must stand on the ScaLAPACK that we use, hence on the same MPI: two of them in one process would not do.
#
# Results: TT_ELPA_LIBRARY (soname) and TT_ELPA_PATH for tt_config.h; empty without ELPA

set(TARTAN_ELPA AUTO CACHE STRING "ELPA's eigensolvers: AUTO, ON or OFF")
set_property(CACHE TARTAN_ELPA PROPERTY STRINGS AUTO ON OFF)

set(TT_ELPA_LIBRARY "")
set(TT_ELPA_PATH "")
if(NOT TARTAN_ELPA)
  message(STATUS "ELPA: not wanted (TARTAN_ELPA=${TARTAN_ELPA})")
else()
  find_library(TARTAN_ELPA_LIBRARY NAMES elpa)
  mark_as_advanced(TARTAN_ELPA_LIBRARY)
  set(elpa_trouble "")
  if(NOT TARTAN_ELPA_LIBRARY)
    set(elpa_trouble "not found; on Debian: libelpa-dev")
  elseif(NOT TARTAN_ELPA_LIBRARY MATCHES "\\.so")
    set(elpa_trouble "${TARTAN_ELPA_LIBRARY} is not a shared library")
  else()
    tartan_elf_entries(elpa_needs NEEDED "${TARTAN_ELPA_LIBRARY}")
    tartan_soname(elpa_scalapack "${ScaLAPACK_LIBRARY}")
    if(NOT elpa_scalapack IN_LIST elpa_needs)
      set(elpa_trouble "${TARTAN_ELPA_LIBRARY} does not stand on ${elpa_scalapack}")
    endif()
  endif()
  if(NOT elpa_trouble)
    tartan_soname(TT_ELPA_LIBRARY "${TARTAN_ELPA_LIBRARY}")
    set(TT_ELPA_PATH "${TARTAN_ELPA_LIBRARY}")
    message(STATUS "ELPA: ${TARTAN_ELPA_LIBRARY}")
  elseif(TARTAN_ELPA STREQUAL "AUTO")
    message(STATUS "ELPA: built without (${elpa_trouble})")
  else()
    message(FATAL_ERROR "TARTAN_ELPA=${TARTAN_ELPA}, but ELPA is not usable: ${elpa_trouble}")
  endif()
endif()
