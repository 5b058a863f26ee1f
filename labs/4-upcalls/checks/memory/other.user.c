// A program that another one starts.

#include <libos/io.h>
#include <libos/upcall.h>

int
main(void)
{
	libos_init();
	printf("other: started\n");
	return 23;
}
