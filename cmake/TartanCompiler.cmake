# Compiler options, sanitizers, and the link settings that all targets share.

set(TARTAN_WARNINGS
  -Wall -Wextra -Wshadow -Wvla -Wundef -Wpointer-arith -Wwrite-strings -Wformat=2
  -Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  list(APPEND TARTAN_WARNINGS -Wlogical-op -Wduplicated-cond)
endif()
# Narrowing is an error waiting for a large matrix; a change of sign is not (counts are int64_t, bytes size_t).
set(TARTAN_STRICT_WARNINGS -Wconversion -Wno-sign-conversion)

set(TARTAN_SANITIZERS -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)

# tartan_compiler_options(<target> [STRICT]): STRICT for what is shipped, without it for tests and benchmarks.
function(tartan_compiler_options target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "STRICT" "" "")
  target_compile_options(${target} PRIVATE
    ${TARTAN_WARNINGS}
    $<$<BOOL:${arg_STRICT}>:${TARTAN_STRICT_WARNINGS}>
    $<$<BOOL:${TARTAN_WERROR}>:-Werror>)
  if(TARTAN_SANITIZE)
    target_compile_options(${target} PRIVATE ${TARTAN_SANITIZERS})
    target_link_options(${target} PRIVATE ${TARTAN_SANITIZERS})
  endif()
endfunction()

# tartan_source_includes(<sources> <dirs>): foreign headers for these sources only.
function(tartan_source_includes sources dirs)
  foreach(dir IN LISTS dirs)
    set_property(SOURCE ${sources} APPEND PROPERTY COMPILE_OPTIONS "-isystem${dir}")
  endforeach()
endfunction()

# tartan_instruction_sets(<folder>): files whose names end in an instruction set are compiled for it, and say by themselves
# that they are empty where that was not possible; the program chooses when it runs (kernel/isa.h). Sums of products are
# fused where the set has it, which -std=c11 alone would forbid.
function(tartan_instruction_sets folder)
  set(options_portable)
  set(options_avx2 -mavx2 -mfma)
  set(options_avx512 ${options_avx2} -mavx512f -mavx512vl -mavx512dq -mavx512bw)
  foreach(set portable avx2 avx512)
    if(set STREQUAL "portable" OR CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
      file(GLOB sources CONFIGURE_DEPENDS "${folder}/*_${set}.c")
      set_property(SOURCE ${sources} APPEND PROPERTY COMPILE_OPTIONS
        ${options_${set}} -ffp-contract=fast -fno-math-errno)
    endif()
  endforeach()
endfunction()

# tartan_rpath(<target> <own>): find our library in <own> and BLAS in the chosen folder, by DT_RPATH: DT_RUNPATH would not
# hold for what ScaLAPACK asks for (see TartanBlas).
function(tartan_rpath target own)
  set_target_properties(${target} PROPERTIES
    BUILD_RPATH "${TARTAN_BLAS_RPATH}"
    INSTALL_RPATH "${own};${TARTAN_BLAS_RPATH}")
  target_link_options(${target} PRIVATE "LINKER:--disable-new-dtags")
endfunction()

# Everything foreign that our library is linked with. BLAS stays in the list of needed libraries even if no symbol
# of one of its names is used: it has to be there before ScaLAPACK asks for it.
add_library(tartan_foreign INTERFACE)
target_link_libraries(tartan_foreign INTERFACE
  "-Wl,--push-state,--no-as-needed" ${TARTAN_BLAS_LIBRARIES} "-Wl,--pop-state"
  ${TARTAN_HDF5_LIBRARIES} ZLIB::ZLIB OpenMP::OpenMP_C m ${CMAKE_DL_LIBS})
