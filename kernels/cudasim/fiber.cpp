#include "kernels/cudasim/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#include "kernels/sanitizers.h"
#if MELGRAD_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(MELGRAD_SIM_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

// void switch_stack(void** save, void* load): pushes what the ABI lets a function keep across calls, swaps stacks, pops it.
#if defined(__x86_64__)
asm(R"(
.text
.globl melgrad_switch_stack
.type melgrad_switch_stack, @function
melgrad_switch_stack:
  endbr64
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size melgrad_switch_stack, .-melgrad_switch_stack

.globl melgrad_fiber_start
.type melgrad_fiber_start, @function
melgrad_fiber_start:
  .cfi_startproc
  .cfi_undefined rip
  movq %r12, %rdi
  call *%r13
  ud2
  .cfi_endproc
.size melgrad_fiber_start, .-melgrad_fiber_start
.section .note.GNU-stack,"",@progbits
.text
)");
#else
#error "the CUDA simulator's context switch is written for x86-64 only"
#endif

extern "C" void melgrad_switch_stack(void** save, void* load);
extern "C" void melgrad_fiber_start();

namespace melgrad::sim {
namespace {

std::size_t page() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

/// Stacks, each above its guard page, that wait for the next fiber: to ask the system for one costs more than most fibers run.
struct Stacks {
  std::vector<void*> idle;

  void* take() {
    if (!idle.empty()) {
      void* stack = idle.back();
      idle.pop_back();
      return stack;
    }
    void* stack = mmap(nullptr, Fiber::stack_bytes + page(), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) throw std::bad_alloc();
    mprotect(stack, page(), PROT_NONE);
    return stack;
  }
  ~Stacks() {
    for (void* stack : idle) munmap(stack, Fiber::stack_bytes + page());
  }
};
thread_local Stacks stacks;

}  // namespace

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)) {
  mapping_ = stacks.take();
#if MELGRAD_ASAN
  // The addresses may have been another fiber's, whose frames left their marks.
  ASAN_UNPOISON_MEMORY_REGION(static_cast<char*>(mapping_) + page(), stack_bytes);
#endif

  // The first switch pops this frame and "returns" to melgrad_fiber_start with self in r12, enter in r13.
  auto* top = static_cast<std::uintptr_t*>(
      static_cast<void*>(static_cast<char*>(mapping_) + page() + stack_bytes));
  *--top = 0;
  *--top = 0;  // two words keep the stack 16-byte aligned at the call, as the ABI wants
  *--top = reinterpret_cast<std::uintptr_t>(&melgrad_fiber_start);
  *--top = 0;                                         // rbp
  *--top = 0;                                         // rbx
  *--top = reinterpret_cast<std::uintptr_t>(this);    // r12
  *--top = reinterpret_cast<std::uintptr_t>(&enter);  // r13
  *--top = 0;                                         // r14
  *--top = 0;                                         // r15
  *--top =
      (std::uintptr_t{0x037f} << 32U) | 0x1f80U;  // x87 and SSE control words at their defaults
  stack_pointer_ = top;
#if defined(MELGRAD_SIM_TSAN)
  sanitizer_.tsan_fiber = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#if defined(MELGRAD_SIM_TSAN)
  __tsan_destroy_fiber(sanitizer_.tsan_fiber);
#endif
  stacks.idle.push_back(mapping_);
}

void Fiber::resume() {
#if MELGRAD_ASAN
  __sanitizer_start_switch_fiber(&sanitizer_.resumer_fake_stack,
                                 static_cast<char*>(mapping_) + page(), stack_bytes);
#endif
#if defined(MELGRAD_SIM_TSAN)
  sanitizer_.tsan_resumer = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(sanitizer_.tsan_fiber, __tsan_switch_to_fiber_no_sync);
#endif
  melgrad_switch_stack(&resumer_stack_pointer_, stack_pointer_);
#if MELGRAD_ASAN
  __sanitizer_finish_switch_fiber(sanitizer_.resumer_fake_stack, nullptr, nullptr);
#endif
}

void Fiber::suspend() {
#if MELGRAD_ASAN
  __sanitizer_start_switch_fiber(finished_ ? nullptr : &sanitizer_.fiber_fake_stack,
                                 sanitizer_.resumer_stack, sanitizer_.resumer_stack_size);
#endif
#if defined(MELGRAD_SIM_TSAN)
  __tsan_switch_to_fiber(sanitizer_.tsan_resumer, __tsan_switch_to_fiber_no_sync);
#endif
  melgrad_switch_stack(&stack_pointer_, resumer_stack_pointer_);
#if MELGRAD_ASAN
  __sanitizer_finish_switch_fiber(sanitizer_.fiber_fake_stack, &sanitizer_.resumer_stack,
                                  &sanitizer_.resumer_stack_size);
#endif
}

void Fiber::enter(Fiber* self) {
#if MELGRAD_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &self->sanitizer_.resumer_stack,
                                  &self->sanitizer_.resumer_stack_size);
#endif
  self->body_();
  self->finished_ = true;
  self->suspend();
}

}  // namespace melgrad::sim
