// Streams and events. What is queued is done at once, so there is nothing to wait for.
#include "fake.h"

#include <stdlib.h>

int cuStreamCreate(void **stream, unsigned flags)
{
	int r = fake_enter("cuStreamCreate", CONTEXT);
	if (!r)
		*stream = fake_make('s', malloc(1), 1)->p;
	return fake_leave(r, "%u", flags);
}

int cuStreamWaitEvent(void *stream, void *event, unsigned flags)
{
	int r = fake_enter("cuStreamWaitEvent", CONTEXT);
	if (!r && (!fake_find('s', stream) || !fake_find('e', event)))
		r = INVALID_HANDLE;
	return fake_leave(r, "%s, %s, %u", fake_show('s', stream), fake_show('e', event), flags);
}

int cuStreamDestroy_v2(void *stream)
{
	int r = fake_enter("cuStreamDestroy_v2", CONTEXT);
	const char *what = fake_show('s', stream);
	int missing = fake_drop('s', stream);
	return fake_leave(r ? r : missing, "%s", what);
}

int cuEventCreate(void **event, unsigned flags)
{
	int r = fake_enter("cuEventCreate", CONTEXT);
	if (!r)
		*event = fake_make('e', malloc(1), 1)->p;
	return fake_leave(r, "%u", flags);
}

int cuEventRecord(void *event, void *stream)
{
	int r = fake_enter("cuEventRecord", CONTEXT);
	if (!r && (!fake_find('s', stream) || !fake_find('e', event)))
		r = INVALID_HANDLE;
	return fake_leave(r, "%s, %s", fake_show('e', event), fake_show('s', stream));
}

int cuEventSynchronize(void *event)
{
	int r = fake_enter("cuEventSynchronize", CONTEXT);
	if (!r && !fake_find('e', event))
		r = INVALID_HANDLE;
	return fake_leave(r, "%s", fake_show('e', event));
}

int cuEventDestroy_v2(void *event)
{
	int r = fake_enter("cuEventDestroy_v2", CONTEXT);
	const char *what = fake_show('e', event);
	int missing = fake_drop('e', event);
	return fake_leave(r ? r : missing, "%s", what);
}
