// The verifiers of the rivals of the first design (kernel/sfi/rewriter/rivals.c writes what they accept): as
// verify() in exo/verify.h, without pins. They compile in the kernel and on the host. No loader asks them: they
// are there to be measured, and attacked.
#pragma once

#include <exo/verify.h>

uint32_t verify_matching(const uint32_t *code, uint32_t size);
uint32_t verify_bundles(const uint32_t *code, uint32_t size);
uint32_t verify_unprivileged(const uint32_t *code, uint32_t size);
