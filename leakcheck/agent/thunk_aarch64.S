#ifdef __aarch64__
/* Entry points that are jumped to, and the switch to another stack. arm64.
 * A goroutine's stack is a few hundred bytes here, so both exits run the check on a
 * stack of the agent's own. The first thread to leave wins; others wait for the end. */
        .text
        .hidden lc_go_exit
        .hidden lc_libc_exit
        .hidden lc_exit_begins
        .hidden lc_quick_exit_begins
        .hidden lc_run_exit_handlers
        .hidden lc_real_exit
        .hidden lc_real_quick_exit
        .hidden lc_exit_stack_top
        .hidden lc_exit_claimed
        .hidden lc_observed_pid
        .hidden lc_world_stopped
        .hidden lc_world_stack_top
        .hidden lc_world_starter
        .local  saved_registers
        .comm   saved_registers, 256, 16
        .local  saved_vectors
        .comm   saved_vectors, 512, 16

        .macro  bti_c                   /* nothing on a processor without it */
        hint    #34
        .endm

        .macro  load register symbol
        adrp    \register, \symbol
        ldr     \register, [\register, :lo12:\symbol]
        .endm

        .macro  address register symbol
        adrp    \register, \symbol
        add     \register, \register, :lo12:\symbol
        .endm

        /* As the handlers find them: x19 lowest. */
        .macro  store_callee_saved
        stp     x19, x20, [sp]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        .endm

        /* A child of fork or vfork leaves at once: it is not observed, and after vfork it
         * shares our memory, so it must not even claim the exit. The code is in w0. */
        .macro  leave handler
        mov     w9, w0
        mov     x8, #172                /* getpid */
        svc     #0
        adrp    x10, lc_observed_pid
        ldr     w10, [x10, :lo12:lc_observed_pid]
        cmp     w0, w10
        mov     w0, w9
        b.ne    lc_leave_unobserved
        mov     w11, #1
        address x10, lc_exit_claimed
1:      ldaxr   w12, [x10]
        stlxr   w13, w11, [x10]
        cbnz    w13, 1b
        cbnz    w12, lc_wait_for_the_end
        mov     x1, sp
        mov     x3, x30
        load    x10, lc_exit_stack_top
        sub     sp, x10, #96
        store_callee_saved
        mov     x2, sp
        bl      \handler
        brk     #1
        .endm

/* Replaces runtime.exit(code int32): the code is at 8(sp). */
        .globl  lc_go_exit_thunk
        .hidden lc_go_exit_thunk
        .type   lc_go_exit_thunk, %function
lc_go_exit_thunk:
        bti_c
        ldr     w0, [sp, #8]
        leave   lc_go_exit
        .size   lc_go_exit_thunk, . - lc_go_exit_thunk

/* Replaces libc's _exit(int code): the code is in w0. */
        .globl  lc_libc_exit_thunk
        .hidden lc_libc_exit_thunk
        .type   lc_libc_exit_thunk, %function
lc_libc_exit_thunk:
        bti_c
        leave   lc_libc_exit
        .size   lc_libc_exit_thunk, . - lc_libc_exit_thunk

/* On the program's own stack: tells `handler` and goes on to `next` with all as it was. The handler
 * gets the exit code, the stack pointer of the call, x19 to x29, and the return address. */
        .macro  begins handler next
        bti_c
        sub     sp, sp, #176
        store_callee_saved
        stp     x0, x1, [sp, #96]
        stp     x2, x3, [sp, #112]
        stp     x4, x5, [sp, #128]
        stp     x6, x7, [sp, #144]
        str     x8, [sp, #160]
        add     x1, sp, #176
        mov     x2, sp
        mov     x3, x30
        bl      \handler
        ldr     x8, [sp, #160]
        ldp     x6, x7, [sp, #144]
        ldp     x4, x5, [sp, #128]
        ldp     x2, x3, [sp, #112]
        ldp     x0, x1, [sp, #96]
        ldr     x30, [sp, #88]
        add     sp, sp, #176
        load    x16, \next
        br      x16
        .endm

/* Stands before the call of __run_exit_handlers in libc's exit(). */
        .globl  lc_exit_begins_thunk
        .hidden lc_exit_begins_thunk
        .type   lc_exit_begins_thunk, %function
lc_exit_begins_thunk:
        begins  lc_exit_begins lc_run_exit_handlers
        .size   lc_exit_begins_thunk, . - lc_exit_begins_thunk

        .globl  exit
        .type   exit, %function
exit:
        begins  lc_exit_begins lc_real_exit
        .size   exit, . - exit

        .globl  quick_exit
        .type   quick_exit, %function
quick_exit:
        begins  lc_quick_exit_begins lc_real_quick_exit
        .size   quick_exit, . - quick_exit

lc_leave_unobserved:
        mov     x8, #94                 /* exit_group */
        svc     #0
        brk     #1

lc_wait_for_the_end:
        mov     x0, #0                  /* ppoll(NULL, 0, NULL, NULL) */
        mov     x1, #0
        mov     x2, #0
        mov     x3, #0
        mov     x8, #73
        svc     #0
        b       lc_wait_for_the_end

/* Stands before runtime.startTheWorld, called once the companion's heap dump is written: all of
 * the caller's registers but x16 and x17, which are free at a call, are kept, in static memory,
 * because a goroutine's stack is small. */
        .globl  lc_world_thunk
        .hidden lc_world_thunk
        .type   lc_world_thunk, %function
lc_world_thunk:
        bti_c
        address x16, saved_registers
        stp     x0, x1, [x16]
        stp     x2, x3, [x16, #16]
        stp     x4, x5, [x16, #32]
        stp     x6, x7, [x16, #48]
        stp     x8, x9, [x16, #64]
        stp     x10, x11, [x16, #80]
        stp     x12, x13, [x16, #96]
        stp     x14, x15, [x16, #112]
        stp     x18, x19, [x16, #144]
        stp     x20, x21, [x16, #160]
        stp     x22, x23, [x16, #176]
        stp     x24, x25, [x16, #192]
        stp     x26, x27, [x16, #208]
        stp     x28, x29, [x16, #224]
        mov     x17, sp
        stp     x30, x17, [x16, #240]
        address x17, saved_vectors
        stp     q0, q1, [x17]
        stp     q2, q3, [x17, #32]
        stp     q4, q5, [x17, #64]
        stp     q6, q7, [x17, #96]
        stp     q8, q9, [x17, #128]
        stp     q10, q11, [x17, #160]
        stp     q12, q13, [x17, #192]
        stp     q14, q15, [x17, #224]
        stp     q16, q17, [x17, #256]
        stp     q18, q19, [x17, #288]
        stp     q20, q21, [x17, #320]
        stp     q22, q23, [x17, #352]
        stp     q24, q25, [x17, #384]
        stp     q26, q27, [x17, #416]
        stp     q28, q29, [x17, #448]
        stp     q30, q31, [x17, #480]
        mov     x0, sp
        mov     x1, x30
        load    x17, lc_world_stack_top
        mov     sp, x17
        bl      lc_world_stopped
        address x17, saved_vectors
        ldp     q0, q1, [x17]
        ldp     q2, q3, [x17, #32]
        ldp     q4, q5, [x17, #64]
        ldp     q6, q7, [x17, #96]
        ldp     q8, q9, [x17, #128]
        ldp     q10, q11, [x17, #160]
        ldp     q12, q13, [x17, #192]
        ldp     q14, q15, [x17, #224]
        ldp     q16, q17, [x17, #256]
        ldp     q18, q19, [x17, #288]
        ldp     q20, q21, [x17, #320]
        ldp     q22, q23, [x17, #352]
        ldp     q24, q25, [x17, #384]
        ldp     q26, q27, [x17, #416]
        ldp     q28, q29, [x17, #448]
        ldp     q30, q31, [x17, #480]
        address x16, saved_registers
        ldp     x30, x17, [x16, #240]
        mov     sp, x17
        ldp     x28, x29, [x16, #224]
        ldp     x26, x27, [x16, #208]
        ldp     x24, x25, [x16, #192]
        ldp     x22, x23, [x16, #176]
        ldp     x20, x21, [x16, #160]
        ldp     x18, x19, [x16, #144]
        ldp     x14, x15, [x16, #112]
        ldp     x12, x13, [x16, #96]
        ldp     x10, x11, [x16, #80]
        ldp     x8, x9, [x16, #64]
        ldp     x6, x7, [x16, #48]
        ldp     x4, x5, [x16, #32]
        ldp     x2, x3, [x16, #16]
        ldp     x0, x1, [x16]
        load    x16, lc_world_starter
        br      x16
        .size   lc_world_thunk, . - lc_world_thunk

/* void lc_call_on_stack(void (*function)(void *), void *argument, void *stack_top):
 * calls function(argument) there, and leaves no copy of its values in registers. */
        .globl  lc_call_on_stack
        .hidden lc_call_on_stack
        .type   lc_call_on_stack, %function
lc_call_on_stack:
        bti_c
        stp     x29, x30, [sp, #-16]!
        mov     x29, sp
        mov     x9, x0
        mov     x0, x1
        and     x2, x2, #-16
        mov     sp, x2
        blr     x9
        mov     sp, x29
        ldp     x29, x30, [sp], #16
        .irp    number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
        mov     x\number, #0
        .endr
        .irp    number, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
        movi    v\number\().2d, #0
        .endr
        .irp    number, 24, 25, 26, 27, 28, 29, 30, 31
        movi    v\number\().2d, #0
        .endr
        ret
        .size   lc_call_on_stack, . - lc_call_on_stack

#endif
        .section .note.GNU-stack, "", %progbits
