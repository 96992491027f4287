/* Code without windows calls a function of the ROM that has them. The assembler is that of a core
 * without: what it does not know is spelled in bytes. Only our own frame is to count as one that
 * lives: none of those before us is gone back to, so none is to be saved (Xtensa ISA, 4.7.1). */
    .section .text.call_windowed, "ax"
    .literal_position
    .global call_windowed
    .align 4
call_windowed: /* function, and four arguments */
    addi a1, a1, -32
    s32i a0, a1, 0
    s32i a12, a1, 4
    s32i a13, a1, 8
    s32i a14, a1, 12
    s32i a15, a1, 16
    .byte 0x70, 72, 0x03 /* rsr a7, WINDOWBASE */
    ssl a7
    movi a8, 1
    sll a8, a8
    .byte 0x80, 73, 0x13 /* wsr a8, WINDOWSTART */
    movi a7, 0x4002F /* of PS: windows on, all interrupts masked */
    wsr.ps a7
    rsync
    mov a8, a2
    mov a10, a3
    mov a11, a4
    mov a12, a5
    mov a13, a6
    .byte 0xE0, 0x08, 0x00 /* callx8 a8 */
    movi a7, 0x2F /* windows off, as before */
    wsr.ps a7
    rsync
    mov a2, a10
    l32i a0, a1, 0
    l32i a12, a1, 4
    l32i a13, a1, 8
    l32i a14, a1, 12
    l32i a15, a1, 16
    addi a1, a1, 32
    ret
