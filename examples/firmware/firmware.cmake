# SPDX-License-Identifier: Apache-2.0
# h2_firmware(name source...): build/firmware/<name>.elf for the RISC-V host, from sources of the
# calling folder with what is in examples/firmware/common and the driver. H2_FIRMWARE says whether
# the bare-metal RISC-V compiler and picolibc are there.
find_program(H2_RISCV_GCC riscv64-unknown-elf-gcc)
set(flags --specs=picolibc.specs --crt0=hosted -misa-spec=2.2 -march=rv32imac -mabi=ilp32)
set(H2_FIRMWARE FALSE)
if(H2_RISCV_GCC)
  execute_process(COMMAND ${H2_RISCV_GCC} ${flags} -include stdio.h -x c -E - INPUT_FILE /dev/null
                  RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
  if(result EQUAL 0)
    set(H2_FIRMWARE TRUE)
  endif()
endif()

list(APPEND flags -O2 -g -Wall -Wextra -ffunction-sections -fdata-sections -I${PROJECT_SOURCE_DIR}
     -Wl,--gc-sections
     # Code, and the data that the program starts with; then the rest of RAM (h2_soc.h).
     -Wl,--defsym=__flash=0x80000000 -Wl,--defsym=__flash_size=0x00400000
     -Wl,--defsym=__ram=0x80400000 -Wl,--defsym=__ram_size=0x00C00000
     -Wl,--defsym=__stack_size=0x10000)
file(GLOB common CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/common/*.c
     ${CMAKE_CURRENT_LIST_DIR}/common/*.S ${PROJECT_SOURCE_DIR}/modules/contract/*.c
     ${PROJECT_SOURCE_DIR}/platform/driver/*.c)
file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/common/*.h
     ${PROJECT_SOURCE_DIR}/modules/contract/*.h ${PROJECT_SOURCE_DIR}/platform/driver/*.h
     ${PROJECT_SOURCE_DIR}/platform/host/riscv/h2_soc.h)
set(H2_FIRMWARE_DIR ${CMAKE_BINARY_DIR}/firmware)
file(MAKE_DIRECTORY ${H2_FIRMWARE_DIR})

function(h2_firmware name)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE sources)
  set(elf ${H2_FIRMWARE_DIR}/${name}.elf)
  add_custom_command(OUTPUT ${elf} COMMAND ${H2_RISCV_GCC} ${flags} ${sources} ${common} -o ${elf}
                     DEPENDS ${sources} ${common} ${headers}
                     COMMENT "Building firmware/${name}.elf" VERBATIM)
  add_custom_target(firmware_${name} ALL DEPENDS ${elf})
endfunction()

# The same from one assembly file alone, which begins at the start of RAM.
function(h2_bare_firmware name source)
  set(elf ${H2_FIRMWARE_DIR}/${name}.elf)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${source})
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/programs/*.h)
  add_custom_command(OUTPUT ${elf}
                     COMMAND ${H2_RISCV_GCC} -misa-spec=2.2 -march=rv32imac -mabi=ilp32 -nostdlib
                             -nostartfiles -I${PROJECT_SOURCE_DIR} -Wl,-N
                             -Wl,-Ttext=0x80000000 -Wl,--no-warn-rwx-segments ${source} -o ${elf}
                     DEPENDS ${source} ${headers}
                     COMMENT "Building firmware/${name}.elf" VERBATIM)
  add_custom_target(firmware_${name} ALL DEPENDS ${elf})
endfunction()
