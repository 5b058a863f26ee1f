// Ends by a fault.

int
main(int argument)
{
	return *(volatile int *)(argument & ~3);
}
