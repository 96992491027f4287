/* Call0 code on a core that may have windows: none of its registers are to be saved behind our back,
 * and no interrupt is to come. Its own stack, zeros where C wants them, and away. */
    .section .start, "ax"
    .literal_position
    .global start
    .align 4
start:
    movi a2, 0x2F /* of PS: all interrupts masked, windows off */
    wsr.ps a2
    rsync
    movi a1, stack_end
    movi a2, bss_start
    movi a3, bss_end
    movi a4, 0
1:  s32i a4, a2, 0
    addi a2, a2, 4
    bltu a2, a3, 1b
    movi a0, stub_main
    jx a0
