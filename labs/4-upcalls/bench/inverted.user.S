#define QUARTER 1
#include "appel.h"
