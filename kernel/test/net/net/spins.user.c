// Runs until its kernel has something better to do.

int
main(int argument)
{
	(void)argument;
	for (;;)
		continue;
}
