// What the bench of remote increments and its applications agree on. Included by C and by assembly.
#pragma once

#define SYS_ARRIVE 40		// (ticks): the frame is to come so many ticks from now

#define SERVICE 5		// the end point
#define TIMES   8		// frames
#define ADDED   18		// of the frame: where the number to add is, 4 bytes, most significant first
#define ASKED   22		// bytes of the frame that mean something

#define SUM     64		// of the end point's memory: where the sum is

// Who increments, and the application's capability's name.
#define TRUSTED   'c'		// a handler in C, part of the kernel
#define HANDLER   'h'		// a handler that the kernel has compiled
#define UPCALL    'u'		// the application, which runs, told by an upcall
#define SCHEDULED 's'		// the application, which looks into its ring whenever it runs
#define SUSPENDED 'p'		// the application, which sleeps until its predicate holds
