# Tests: one executable per tests/<folder>/*.c and one ctest per rank count, read from the first line
#
#   // TEST: np=1,2,3,4 labels=unit,blas [threads=2] [timeout=120] [args=to the end of the line]
#
# np=0 runs without mpirun. Scripts (tests/<folder>/*.py, *.sh) are registered by a first or second line
#
#   # TEST: labels=apps [timeout=120] [processors=2] [args=...]
#
# Every ctest has its own empty working folder, the folder's name as a label, and may exit with 77: skipped, with
# the reason on stdout.

cmake_host_system_information(RESULT TARTAN_CORES QUERY NUMBER_OF_LOGICAL_CORES)
find_program(TARTAN_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(TARTAN_PYTHON NAMES python3)
find_program(TARTAN_BASH NAMES bash)
mark_as_advanced(TARTAN_PYTHON TARTAN_BASH)

# More ranks than cores, as root in containers, without ranks of two tests bound to one core.
set(TARTAN_TEST_ENVIRONMENT
  OMPI_ALLOW_RUN_AS_ROOT=1
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  OMPI_MCA_rmaps_base_oversubscribe=1
  OMPI_MCA_hwloc_base_binding_policy=none
  OMPI_MCA_mpi_yield_when_idle=1
  "MPIEXEC=${MPIEXEC_EXECUTABLE}"
  "TARTAN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/tartan"
  "TARTAN_BENCH=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/tartan-bench"
  "TARTAN_EXAMPLES=${CMAKE_BINARY_DIR}/examples"
  "TARTAN_SOURCE_DIR=${CMAKE_CURRENT_SOURCE_DIR}"
  "TARTAN_BUILD_DIR=${CMAKE_BINARY_DIR}")
set(TARTAN_TIMEOUT_FACTOR 1)
if(TARTAN_SANITIZE)
  set(TARTAN_TIMEOUT_FACTOR 5)
  list(APPEND TARTAN_TEST_ENVIRONMENT
    "ASAN_OPTIONS=detect_leaks=1:fast_unwind_on_malloc=0:allocator_may_return_null=1:detect_stack_use_after_return=0:intercept_tls_get_addr=0"
    "LSAN_OPTIONS=print_suppressions=0:suppressions=${CMAKE_CURRENT_SOURCE_DIR}/tests/support/lsan.supp"
    "UBSAN_OPTIONS=print_stacktrace=1")
endif()

# tartan_read_test_line(<prefix> <file>): set <prefix>_found, _np, _labels, _threads, _timeout, _processors, _args.
function(tartan_read_test_line prefix file)
  file(STRINGS "${file}" lines LIMIT_COUNT 2 ENCODING UTF-8)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  set(found FALSE)
  set(values_np 1)
  set(values_labels)
  set(values_threads 1)
  set(values_timeout 60)
  set(values_processors 1)
  set(values_args)
  foreach(line IN LISTS lines)
    if(NOT found AND line MATCHES "^(//|#) TEST:(.*)$")
      set(found TRUE)
      set(rest "${CMAKE_MATCH_2}")
      if(rest MATCHES "^(.*) args=(.*)$")
        set(rest "${CMAKE_MATCH_1}")
        separate_arguments(values_args UNIX_COMMAND "${CMAKE_MATCH_2}")
      endif()
      separate_arguments(words UNIX_COMMAND "${rest}")
      foreach(word IN LISTS words)
        if(NOT word MATCHES "^(np|labels|threads|timeout|processors)=([^ =]+)$")
          message(FATAL_ERROR "${file}: \"${word}\" in its TEST line is not one of np= labels= threads= timeout= processors= args=")
        endif()
        set(key "${CMAKE_MATCH_1}")
        string(REPLACE "," ";" values_${key} "${CMAKE_MATCH_2}")
      endforeach()
    endif()
  endforeach()
  set(${prefix}_found ${found} PARENT_SCOPE)
  foreach(key np labels threads timeout processors args)
    set(${prefix}_${key} "${values_${key}}" PARENT_SCOPE)
  endforeach()
endfunction()

# tartan_register(<name> <folder> <threads> <processors> <timeout> <labels> <command>...)
function(tartan_register name folder threads processors timeout labels)
  if(processors GREATER TARTAN_CORES)
    set(processors ${TARTAN_CORES})
  endif()
  math(EXPR timeout "${timeout} * ${TARTAN_TIMEOUT_FACTOR}")
  list(APPEND labels "${folder}")
  list(REMOVE_DUPLICATES labels)
  add_test(NAME "${name}"
    COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/cmake/run_in.sh" "${CMAKE_BINARY_DIR}/tests/run/${name}" ${ARGN})
  set_tests_properties("${name}" PROPERTIES
    LABELS "${labels}"
    PROCESSORS ${processors}
    TIMEOUT ${timeout}
    SKIP_RETURN_CODE 77
    ENVIRONMENT "${TARTAN_TEST_ENVIRONMENT};OMP_NUM_THREADS=${threads}")
endfunction()

# One ctest per rank count of the line read from <file>.
function(tartan_register_ranks target folder stem)
  foreach(np IN LISTS test_np)
    if(TARTAN_TEST_RANKS AND np GREATER 0 AND NOT np IN_LIST TARTAN_TEST_RANKS)
      continue()
    endif()
    set(launch)
    set(processors ${test_threads})
    if(np GREATER 0)
      set(launch "${MPIEXEC_EXECUTABLE}" ${MPIEXEC_PREFLAGS} ${MPIEXEC_NUMPROC_FLAG} ${np})
      math(EXPR processors "${np} * ${test_threads}")
    endif()
    tartan_register("${folder}.${stem}.np${np}" "${folder}" ${test_threads} ${processors} ${test_timeout}
      "${test_labels};np${np}" ${launch} $<TARGET_FILE:${target}> ${test_args})
  endforeach()
endfunction()

function(tartan_add_test_program folder source)
  get_filename_component(stem "${source}" NAME_WE)
  tartan_read_test_line(test "${source}")
  if(NOT test_found)
    message(WARNING "${source} has no // TEST: line and is not built")
    return()
  endif()
  set(target "test_${folder}_${stem}")
  add_executable(${target} "${source}")
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME "${stem}"
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/${folder}")
  target_include_directories(${target} PRIVATE tests)
  target_link_libraries(${target} PRIVATE ${TARTAN_TEST_SUPPORT} tartan_static OpenMP::OpenMP_C)
  tartan_compiler_options(${target})
  tartan_rpath(${target} "$ORIGIN")
  tartan_source_includes("${source}" "${TARTAN_HDF5_INCLUDE_DIRS}")
  tartan_register_ranks(${target} "${folder}" "${stem}")
endfunction()

# Scripts run the programs themselves; under sanitizers only those that ask for it by the label asan.
function(tartan_add_test_script folder source)
  get_filename_component(stem "${source}" NAME_WE)
  get_filename_component(extension "${source}" LAST_EXT)
  tartan_read_test_line(test "${source}")
  if(NOT test_found OR (TARTAN_SANITIZE AND NOT "asan" IN_LIST test_labels))
    return()
  endif()
  if(extension STREQUAL ".py")
    set(interpreter "${TARTAN_PYTHON}")
  else()
    set(interpreter "${TARTAN_BASH}")
  endif()
  if(NOT interpreter)
    message(WARNING "no interpreter for ${source}: this test is left out")
    return()
  endif()
  tartan_register("${folder}.${stem}" "${folder}" ${test_threads} ${test_processors} ${test_timeout} "${test_labels}"
    "${interpreter}" "${source}" ${test_args})
endfunction()

# tartan_add_tests(<folder>...): everything below tests/<folder>, with the helpers of tests/support.
function(tartan_add_tests)
  set(TARTAN_TEST_SUPPORT)
  file(GLOB support_sources CONFIGURE_DEPENDS tests/support/*.c)
  if(support_sources)
    add_library(tartan_test_support STATIC ${support_sources})
    target_include_directories(tartan_test_support PUBLIC tests/support tests)
    target_link_libraries(tartan_test_support PUBLIC tartan_static OpenMP::OpenMP_C)
    tartan_compiler_options(tartan_test_support)
    tartan_source_includes("${support_sources}" "${TARTAN_HDF5_INCLUDE_DIRS}")
    set(TARTAN_TEST_SUPPORT tartan_test_support)
  endif()
  foreach(folder IN LISTS ARGN)
    file(GLOB programs CONFIGURE_DEPENDS tests/${folder}/*.c)
    file(GLOB scripts CONFIGURE_DEPENDS tests/${folder}/*.py tests/${folder}/*.sh)
    foreach(source IN LISTS programs)
      tartan_add_test_program("${folder}" "${source}")
    endforeach()
    foreach(source IN LISTS scripts)
      tartan_add_test_script("${folder}" "${source}")
    endforeach()
  endforeach()
endfunction()

# tartan_add_example(<source>): a program as a user would write it, linked to the shared library; run as a test
# where its first line is a // TEST: line.
function(tartan_add_example source)
  get_filename_component(stem "${source}" NAME_WE)
  add_executable(example_${stem} "${source}")
  set_target_properties(example_${stem} PROPERTIES
    OUTPUT_NAME "${stem}"
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/examples")
  target_link_libraries(example_${stem} PRIVATE tartan::tartan m)
  tartan_compiler_options(example_${stem})
  tartan_rpath(example_${stem} "$ORIGIN")
  tartan_read_test_line(test "${source}")
  if(test_found AND TARTAN_BUILD_TESTS)
    tartan_register_ranks(example_${stem} "examples" "${stem}")
  endif()
endfunction()
