// The eight handlers of labs/6-jit/speed for `clang -target bpf`.

#include <stdint.h>

#define HANDLER(name)          uint32_t name(uint32_t memory, uint32_t size, uint32_t argument)
#define BEGIN()                (void)size
#define LOAD(type, at)         (*(const type *)(uintptr_t)(at))
#define STORE(type, at, value) (*(type *)(uintptr_t)(at) = (value))
#define BACK()                 ((void)0)
#define DONE(value)            return value
#include "labs/6-jit/speed/handlers.h"
