# Install rules: library, headers, programs, job scripts, and what find_package(tartan) and pkg-config read.

include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/tartan")

install(TARGETS tartan EXPORT tartan-targets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
foreach(program tartan_program tartan_bench)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
endforeach()
install(DIRECTORY include/tartan "${TARTAN_GENERATED_DIR}/include/tartan"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")

install(EXPORT tartan-targets NAMESPACE tartan:: DESTINATION "${package_dir}")
configure_package_config_file(cmake/tartan-config.cmake.in "${CMAKE_BINARY_DIR}/tartan-config.cmake"
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${CMAKE_BINARY_DIR}/tartan-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/tartan-config.cmake" "${CMAKE_BINARY_DIR}/tartan-config-version.cmake"
  DESTINATION "${package_dir}")

# pkg-config: the prefix follows the file, so that an installed tree can be moved.
file(RELATIVE_PATH TARTAN_PC_PREFIX
  "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}/.")
set(TARTAN_PC_MPI "ompi-c")
if("${MPI_C_LIBRARIES}" MATCHES "mpich")
  set(TARTAN_PC_MPI "mpich")
endif()
configure_file(cmake/tartan.pc.in "${CMAKE_BINARY_DIR}/tartan.pc" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/tartan.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# What a site has set in jobs/site.conf stays.
set(TARTAN_JOBS_DIR "${CMAKE_INSTALL_DATADIR}/tartan/jobs")
install(DIRECTORY jobs/ DESTINATION "${TARTAN_JOBS_DIR}" USE_SOURCE_PERMISSIONS OPTIONAL PATTERN site.conf EXCLUDE)
install(CODE "
  if(NOT EXISTS \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${TARTAN_JOBS_DIR}/site.conf\")
    file(INSTALL \"${CMAKE_CURRENT_SOURCE_DIR}/jobs/site.conf\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${TARTAN_JOBS_DIR}\")
  endif()")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/tartan")

# The program writes its own manual page, from the tables that its parser reads.
if(TARGET tartan_program AND NOT CMAKE_CROSSCOMPILING)
  install(CODE "
    execute_process(COMMAND \"$<TARGET_FILE:tartan_program>\" --man
      OUTPUT_FILE \"${CMAKE_BINARY_DIR}/tartan.1\" RESULT_VARIABLE failed)
    if(NOT failed)
      file(INSTALL \"${CMAKE_BINARY_DIR}/tartan.1\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_MANDIR}/man1\")
    endif()")
endif()
