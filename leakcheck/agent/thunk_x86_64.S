#ifdef __x86_64__
/* Entry points that are jumped to, and the switch to another stack. x86-64.
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
        .comm   saved_registers, 128, 16
        .local  saved_vectors
        .comm   saved_vectors, 512, 16

        /* As the handlers find them: rbx lowest. */
        .macro  push_callee_saved
        push    %r15
        push    %r14
        push    %r13
        push    %r12
        push    %rbp
        push    %rbx
        .endm

        /* A child of fork or vfork leaves at once: it is not observed, and after vfork it
         * shares our memory, so it must not even claim the exit. */
        .macro leave handler
        mov     $39, %eax               /* getpid */
        syscall
        cmp     lc_observed_pid(%rip), %eax
        jne     lc_leave_unobserved
        mov     $1, %eax
        xchg    %eax, lc_exit_claimed(%rip)
        test    %eax, %eax
        jnz     lc_wait_for_the_end
        mov     %rsp, %rsi
        mov     lc_exit_stack_top(%rip), %rsp
        push_callee_saved
        mov     %rsp, %rdx
        mov     (%rsi), %rcx
        and     $-16, %rsp
        call    \handler
        hlt
        .endm

/* Replaces runtime.exit(code int32): the code is at 8(%rsp). */
        .globl  lc_go_exit_thunk
        .hidden lc_go_exit_thunk
        .type   lc_go_exit_thunk, @function
lc_go_exit_thunk:
        endbr64
        mov     8(%rsp), %edi
        leave   lc_go_exit
        .size   lc_go_exit_thunk, . - lc_go_exit_thunk

/* Replaces libc's _exit(int code): the code is in %edi. */
        .globl  lc_libc_exit_thunk
        .hidden lc_libc_exit_thunk
        .type   lc_libc_exit_thunk, @function
lc_libc_exit_thunk:
        endbr64
        leave   lc_libc_exit
        .size   lc_libc_exit_thunk, . - lc_libc_exit_thunk

/* On the program's own stack: tells `handler` and goes on to `next` with all as it was. The handler
 * gets the exit code, where the return address is, rbx, rbp, r12 to r15, and that address. */
        .macro  begins handler next
        endbr64
        push    %rdi
        push    %rsi
        push    %rdx
        push    %rcx
        push_callee_saved
        mov     %rsp, %rdx
        lea     80(%rsp), %rsi
        mov     (%rsi), %rcx
        sub     $8, %rsp
        call    \handler
        add     $8, %rsp
        pop     %rbx
        pop     %rbp
        pop     %r12
        pop     %r13
        pop     %r14
        pop     %r15
        pop     %rcx
        pop     %rdx
        pop     %rsi
        pop     %rdi
        jmp     *\next(%rip)
        .endm

/* Stands before the call of __run_exit_handlers in libc's exit(). */
        .globl  lc_exit_begins_thunk
        .hidden lc_exit_begins_thunk
        .type   lc_exit_begins_thunk, @function
lc_exit_begins_thunk:
        begins  lc_exit_begins lc_run_exit_handlers
        .size   lc_exit_begins_thunk, . - lc_exit_begins_thunk

        .globl  exit
        .type   exit, @function
exit:
        begins  lc_exit_begins lc_real_exit
        .size   exit, . - exit

        .globl  quick_exit
        .type   quick_exit, @function
quick_exit:
        begins  lc_quick_exit_begins lc_real_quick_exit
        .size   quick_exit, . - quick_exit

lc_leave_unobserved:
        mov     $231, %eax              /* exit_group */
        syscall
        hlt

lc_wait_for_the_end:
        mov     $34, %eax               /* pause */
        syscall
        jmp     lc_wait_for_the_end

/* Stands before runtime.startTheWorld, called once the companion's heap dump is written: all of
 * the caller's registers are kept, in static memory, because a goroutine's stack is small. */
        .globl  lc_world_thunk
        .hidden lc_world_thunk
        .type   lc_world_thunk, @function
lc_world_thunk:
        endbr64
        mov     %rax, 0+saved_registers(%rip)
        mov     %rbx, 8+saved_registers(%rip)
        mov     %rcx, 16+saved_registers(%rip)
        mov     %rdx, 24+saved_registers(%rip)
        mov     %rsi, 32+saved_registers(%rip)
        mov     %rdi, 40+saved_registers(%rip)
        mov     %rbp, 48+saved_registers(%rip)
        mov     %rsp, 56+saved_registers(%rip)
        mov     %r8, 64+saved_registers(%rip)
        mov     %r9, 72+saved_registers(%rip)
        mov     %r10, 80+saved_registers(%rip)
        mov     %r11, 88+saved_registers(%rip)
        mov     %r12, 96+saved_registers(%rip)
        mov     %r13, 104+saved_registers(%rip)
        mov     %r14, 112+saved_registers(%rip)
        mov     %r15, 120+saved_registers(%rip)
        fxsave  saved_vectors(%rip)
        mov     %rsp, %rdi
        mov     (%rsp), %rsi
        mov     lc_world_stack_top(%rip), %rsp
        call    lc_world_stopped
        fxrstor saved_vectors(%rip)
        mov     0+saved_registers(%rip), %rax
        mov     8+saved_registers(%rip), %rbx
        mov     16+saved_registers(%rip), %rcx
        mov     24+saved_registers(%rip), %rdx
        mov     32+saved_registers(%rip), %rsi
        mov     40+saved_registers(%rip), %rdi
        mov     48+saved_registers(%rip), %rbp
        mov     56+saved_registers(%rip), %rsp
        mov     64+saved_registers(%rip), %r8
        mov     72+saved_registers(%rip), %r9
        mov     80+saved_registers(%rip), %r10
        mov     88+saved_registers(%rip), %r11
        mov     96+saved_registers(%rip), %r12
        mov     104+saved_registers(%rip), %r13
        mov     112+saved_registers(%rip), %r14
        mov     120+saved_registers(%rip), %r15
        jmp     *lc_world_starter(%rip)
        .size   lc_world_thunk, . - lc_world_thunk

/* void lc_call_on_stack(void (*function)(void *), void *argument, void *stack_top):
 * calls function(argument) there, and leaves no copy of its values in registers. */
        .globl  lc_call_on_stack
        .hidden lc_call_on_stack
        .type   lc_call_on_stack, @function
lc_call_on_stack:
        endbr64
        push    %rbp
        mov     %rsp, %rbp
        mov     %rdi, %rax
        mov     %rsi, %rdi
        mov     %rdx, %rsp
        and     $-16, %rsp
        call    *%rax
        mov     %rbp, %rsp
        pop     %rbp
        xor     %eax, %eax
        xor     %ecx, %ecx
        xor     %edx, %edx
        xor     %esi, %esi
        xor     %edi, %edi
        xor     %r8d, %r8d
        xor     %r9d, %r9d
        xor     %r10d, %r10d
        xor     %r11d, %r11d
        pxor    %xmm0, %xmm0
        pxor    %xmm1, %xmm1
        pxor    %xmm2, %xmm2
        pxor    %xmm3, %xmm3
        ret
        .size   lc_call_on_stack, . - lc_call_on_stack

#endif
        .section .note.GNU-stack, "", @progbits
