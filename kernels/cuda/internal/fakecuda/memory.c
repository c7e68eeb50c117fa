// Memory of the device and pinned memory, and copies.
#define _GNU_SOURCE
#include "fake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// The addresses of the device, of which none is used twice: what was freed is known.
enum { ADDRESSES = 1 << 10 }; // GiB
static char *next;

enum { POISON = 1 << 18 }; // so many bytes of new memory are not a number; all would take long

// A vector ends less than 256 bytes before a page that nobody may touch.
static size_t pages(size_t bytes) { return (bytes + PAGE - 1) / PAGE * PAGE; }
static size_t aligned(size_t bytes) { return (bytes + 255) / 256 * 256; }

static char *map(size_t bytes, int access)
{
	char *p = mmap(NULL, bytes, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		abort();
	return p;
}

void fake_unmap(thing *t)
{
	char *behind = t->host + aligned(t->bytes);
	munmap(behind - pages(t->bytes), pages(t->bytes) + PAGE);
}

char *fake_host(uint64_t p, size_t bytes)
{
	thing *t = fake_holds('m', (void *)p, bytes);
	return t ? t->host + ((char *)p - t->p) : NULL;
}

static size_t used(void)
{
	size_t n = 0;
	for (thing *t = fake_things; t < fake_things + 4096; t++)
		if (t->kind == 'm' && t->context == fake_current)
			n += t->bytes;
	return n;
}

int cuMemGetInfo_v2(size_t *free, size_t *total)
{
	int r = fake_enter("cuMemGetInfo_v2", CONTEXT);
	*total = MEMORY, *free = MEMORY - used();
	return fake_leave(r, "");
}

int cuPointerGetAttribute(void *value, int attribute, uint64_t p)
{
	enum { MEMORY_TYPE = 2, DEVICE_ORDINAL = 9 };
	int r = fake_enter("cuPointerGetAttribute", CONTEXT);
	context *mine = fake_current;
	thing *t = NULL;
	for (int i = 0; i < 8 && !t; i++) { // of any context
		fake_current = &fake_contexts[i];
		t = fake_holds('m', (void *)p, 1);
		t = t ? t : fake_holds('p', (void *)p, 1);
	}
	fake_current = mine;
	if (!r && (!t || (attribute != MEMORY_TYPE && attribute != DEVICE_ORDINAL)))
		r = INVALID_VALUE;
	if (!r && attribute == MEMORY_TYPE)
		*(int *)value = t->kind == 'm' ? 2 : 1;
	if (!r && attribute == DEVICE_ORDINAL)
		*(int *)value = (context *)t->context - fake_contexts;
	return fake_leave(r, "%d, %s", attribute, fake_show('m', (void *)p));
}

int cuMemAlloc_v2(uint64_t *p, size_t bytes)
{
	int r = fake_enter("cuMemAlloc_v2", CONTEXT);
	if (!r && (!bytes || bytes > MEMORY - used()))
		r = bytes ? OUT_OF_MEMORY : INVALID_VALUE;
	if (!r) {
		if (!next)
			next = map((size_t)ADDRESSES << 30, PROT_NONE);
		thing *t = fake_make('m', next, bytes);
		next += pages(bytes) + PAGE;
		char *host = map(pages(bytes) + PAGE, PROT_READ | PROT_WRITE);
		mprotect(host + pages(bytes), PAGE, PROT_NONE);
		t->host = host + pages(bytes) - aligned(bytes);
		memset(t->host, 0xff, bytes < POISON ? bytes : POISON);
		*p = (uintptr_t)t->p;
	}
	return fake_leave(r, "%zu", bytes);
}

int cuMemFree_v2(uint64_t p)
{
	int r = fake_enter("cuMemFree_v2", CONTEXT);
	const char *what = fake_show('m', (void *)p);
	int missing = fake_drop('m', (void *)p);
	return fake_leave(r ? r : missing, "%s", what);
}

int cuMemHostAlloc(void **p, size_t bytes, unsigned flags)
{
	int r = fake_enter("cuMemHostAlloc", CONTEXT);
	if (!r && posix_memalign(p, PAGE, bytes))
		r = OUT_OF_MEMORY;
	if (!r)
		fake_make('p', *p, bytes);
	return fake_leave(r, "%zu, %u", bytes, flags);
}

int cuMemFreeHost(void *p)
{
	int r = fake_enter("cuMemFreeHost", CONTEXT);
	const char *what = fake_show('p', p);
	int missing = fake_drop('p', p);
	return fake_leave(r ? r : missing, "%s", what);
}

int cuMemcpyHtoDAsync_v2(uint64_t dst, const void *src, size_t bytes, void *stream)
{
	int r = fake_enter("cuMemcpyHtoDAsync_v2", CONTEXT);
	char *to = fake_host(dst, bytes);
	if (!r && (!to || !fake_holds('p', src, bytes) || !fake_find('s', stream)))
		r = INVALID_VALUE;
	if (!r)
		memcpy(to, src, bytes);
	return fake_leave(r, "%s, %s, %zu, %s", fake_show('m', (void *)dst), fake_show('p', src), bytes, fake_show('s', stream));
}

int cuMemcpyDtoHAsync_v2(void *dst, uint64_t src, size_t bytes, void *stream)
{
	int r = fake_enter("cuMemcpyDtoHAsync_v2", CONTEXT);
	char *from = fake_host(src, bytes);
	if (!r && (!from || !fake_holds('p', dst, bytes) || !fake_find('s', stream)))
		r = INVALID_VALUE;
	if (!r)
		memcpy(dst, from, bytes);
	return fake_leave(r, "%s, %s, %zu, %s", fake_show('p', dst), fake_show('m', (void *)src), bytes, fake_show('s', stream));
}

// What a copy within the device makes of ranges that overlap is undefined.
int cuMemcpyDtoDAsync_v2(uint64_t dst, uint64_t src, size_t bytes, void *stream)
{
	int r = fake_enter("cuMemcpyDtoDAsync_v2", CONTEXT);
	char *to = fake_host(dst, bytes), *from = fake_host(src, bytes);
	int apart = dst + bytes <= src || src + bytes <= dst;
	if (!r && (!to || !from || !apart || !fake_find('s', stream)))
		r = INVALID_VALUE;
	if (!r)
		memcpy(to, from, bytes);
	return fake_leave(r, "%s, %s, %zu, %s", fake_show('m', (void *)dst), fake_show('m', (void *)src), bytes, fake_show('s', stream));
}

int cuMemsetD8Async(uint64_t p, unsigned char value, size_t bytes, void *stream)
{
	int r = fake_enter("cuMemsetD8Async", CONTEXT);
	char *to = fake_host(p, bytes);
	if (!r && (!to || !fake_find('s', stream)))
		r = INVALID_VALUE;
	if (!r)
		memset(to, value, bytes);
	return fake_leave(r, "%s, %u, %zu, %s", fake_show('m', (void *)p), value, bytes, fake_show('s', stream));
}
