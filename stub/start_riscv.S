/* Its own stack, zeros where C wants them, and away; the ROM is not gone back to. */
    .section .start, "ax"
    .global start
start:
    la sp, stack_end
    la a0, bss_start
    la a1, bss_end
1:  sw zero, 0(a0)
    addi a0, a0, 4
    bltu a0, a1, 1b
    j stub_main
