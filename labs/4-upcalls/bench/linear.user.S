#define QUARTER 0
#include "appel.h"
