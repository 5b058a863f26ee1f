// Messages by system calls (libos/message.h).

#include <exo/mmu.h>
#include <libos/message.h>
#include <libos/sys.h>

int32_t
messages_open(struct endpoint_open *asked)
{
	return syscall(SYS_ENDPOINT_OPEN, address(asked), 0, 0, 0);
}

int32_t
messages_close(uint32_t number)
{
	return syscall(SYS_ENDPOINT_CLOSE, number, 0, 0, 0);
}

int32_t
messages_info(uint32_t number, struct endpoint_info *info)
{
	*(volatile uint32_t *)&info->taken = 0;		// so that it is there for the kernel
	return syscall(SYS_ENDPOINT_INFO, number, address(info), 0, 0);
}

struct message_ring
messages_ring(const struct endpoint_open *asked)
{
	return (struct message_ring){
		.slots = (struct message_slot *)(uintptr_t)(asked->memory + asked->ring * PAGE_SIZE),
		.count = (asked->pages - asked->ring) * (PAGE_SIZE / sizeof(struct message_slot)),
	};
}

struct message_slot *
message_next(const struct message_ring *ring)
{
	struct message_slot *slot = &ring->slots[ring->next];

	return *(volatile uint32_t *)&slot->size != 0 ? slot : NULL;
}

void
message_done(struct message_ring *ring)
{
	*(volatile uint32_t *)&ring->slots[ring->next].size = 0;
	ring->next = (ring->next + 1) % ring->count;
}

int32_t
message_post(uint32_t number, const void *bytes, uint32_t size, const volatile struct cap *cap)
{
	return syscall(SYS_MESSAGE_SEND, number, address(bytes), size, address(cap));
}

int32_t
predicate_put(struct predicate_install *asked)
{
	return syscall(SYS_PREDICATE, address(asked), 0, 0, 0);
}

message_handler *handle_message;		// message.S calls it

void
on_message(message_handler *handler)
{
	handle_message = handler;
}
