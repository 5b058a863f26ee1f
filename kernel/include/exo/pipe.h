// Dynamic integrated layer processing (Wallach, Engler and Kaashoek, SIGCOMM 1996, section 4): what several layers do
// with a message's bytes, each a *pipe*, compiled at run time into one loop, which loads each word of the message once
// and stores it once, whatever the pipes and however the message and its destination are aligned. Compiles in the
// kernel and on the host.
//
// *Words* are the message's: bytes 4k to 4k + 3 counted from its start, not from an address; the first is the lowest. A
// last word that is not whole has zeros in place of what is missing wherever it is summed.
//
// *Pipes* take each word in their order, and what one makes of it goes on to the next. The copy stores it as it comes
// there, so that a pipe behind it changes nothing in the destination; without a copy nothing is stored.
//
// *Loads* are of the aligned words in which the message lies, each once, in their order, and of no other: in the first
// and the last of them there may be up to 3 bytes that are not the message's, and decide nothing. *Stores* are to the
// message's bytes of the destination, each once: words where they are aligned, bytes at both ends. A word is loaded
// before anything is stored to it, if the destination is the source (a transformation in place) or lies before it,
// overlapping or not; one that begins within the source makes no sense.
#pragma once

#include <exo/types.h>

#define PIPES_MAX      16
#define PIPE_REGISTERS 5		// how many sums and keys there may be, together

enum pipe_kind {
	PIPE_COPY,			// to the destination; one at most
	PIPE_SUM,			// the Internet checksum (RFC 1071) of what passes
	PIPE_SWAP16,			// the bytes of each halfword; the length is even
	PIPE_SWAP32,			// the bytes of each word; the length is a multiple of 4
	PIPE_XOR,			// each word with the key
};

struct pipe {
	enum pipe_kind kind;
	uint32_t key;			// of PIPE_XOR; else 0
};

// What the code is called with. Who calls it has made sure that all of source and destination may be accessed.
struct pipe_call {
	uint32_t source;		// address of the message's first byte, and of
	uint32_t destination;		// where it goes; not looked at without a copy
	uint32_t length;		// in bytes; may be 0
	uint32_t sums[PIPE_REGISTERS];	// out: each PIPE_SUM's checksum, in their order, as a halfword to store
};

// 0; -E_INVAL: the length is no multiple of what a swap of the pipes needs. Nothing is done then: no store, no sum.
typedef int pipe_function(struct pipe_call *call);

// Compile the pipes, 1 or more, into at most `capacity` words at `code`, a pipe_function: how many words. The code runs
// where it is copied to, too. -E_INVAL: no pipe, a kind that there is not, a second copy, a key where none belongs;
// -E_NOMEM: more than PIPES_MAX pipes, more sums and keys than PIPE_REGISTERS, or no room. Nothing is written then.
int32_t pipe_compile(const struct pipe *pipes, uint32_t count, uint32_t *code, uint32_t capacity);
