// What the driver has made, what it says of a call, and when it fails.
#define _GNU_SOURCE
#include "fake.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static const char *name; // of the call that holds mu
static int made[128];
static int sticky, calls;
static char trace[512], fail[128];

context fake_contexts[8];
__thread context *fake_current;
thing fake_things[4096];
static thing *end = fake_things; // behind the last that was in use

thing *fake_make(char kind, char *p, size_t bytes)
{
	for (thing *t = fake_things; t < fake_things + 4096; t++)
		if (!t->kind) {
			*t = (thing){.kind = kind, .number = ++made[(int)kind], .p = p, .bytes = bytes, .context = fake_current};
			end = t < end ? end : t + 1;
			return t;
		}
	abort();
}

thing *fake_find(char kind, const void *p)
{
	for (thing *t = fake_things; t < end; t++)
		if (t->kind == kind && t->p == p && t->context == fake_current)
			return t;
	return NULL;
}

thing *fake_holds(char kind, const void *at, size_t bytes)
{
	const char *p = at;
	for (thing *t = fake_things; t < end; t++)
		if (t->kind == kind && p >= t->p && p + bytes <= t->p + t->bytes && t->context == fake_current)
			return t;
	return NULL;
}

int fake_drop(char kind, void *p)
{
	thing *t = fake_find(kind, p);
	if (!t)
		return INVALID_HANDLE;
	if (kind == 'm')
		fake_unmap(t);
	else
		free(t->p);
	t->kind = 0;
	return 0;
}

int fake_live(context *c)
{
	int n = 0;
	for (thing *t = fake_things; t < end; t++)
		n += t->kind && t->kind != 'f' && t->context == c;
	return n;
}

const char *fake_show(char kind, const void *p)
{
	static char text[4][64];
	static int i;
	thing *t = fake_holds(kind, p, 0);
	char *s = text[i++ % 4];
	if (!t)
		return "?";
	sprintf(s, p == t->p ? "%c%d" : "%c%d+%zu", kind, t->number, (size_t)((const char *)p - t->p));
	return s;
}

char *fakecuda_host(uint64_t p, size_t bytes)
{
	pthread_mutex_lock(&mu);
	char *host = fake_host(p, bytes);
	pthread_mutex_unlock(&mu);
	return host;
}

static void changed(char *have, size_t room, const char *env)
{
	const char *now = getenv(env);
	if (!now)
		now = "";
	if (!strcmp(have, now))
		return;
	snprintf(have, room, "%s", now);
	calls = sticky = 0;
	memset(made, 0, sizeof made);
}

static int injected(void)
{
	char which[64];
	int k, code;
	if (sscanf(fail, "%63[^:]:%d=%d", which, &k, &code) != 3 || (strcmp(which, "*") && strcmp(which, name)))
		return 0;
	if (++calls != k && k)
		return 0;
	fake_lose(code);
	return code;
}

void fake_lose(int code)
{
	if (code >= 700)
		sticky = code;
}

static int retained(void)
{
	for (int i = 0; i < 8; i++)
		if (fake_current == &fake_contexts[i])
			return fake_contexts[i].retained > 0;
	return 0;
}

int fake_enter(const char *call, int needs)
{
	pthread_mutex_lock(&mu);
	changed(trace, sizeof trace, "FAKECUDA_TRACE");
	changed(fail, sizeof fail, "FAKECUDA_FAIL");
	name = call;
	if (needs == CONTEXT && !retained())
		return INVALID_CONTEXT;
	if (needs == CONTEXT && sticky)
		return sticky;
	return injected();
}

int fake_leave(int code, const char *format, ...)
{
	FILE *f = *trace && format ? fopen(trace, "a") : NULL;
	if (f) {
		va_list args;
		va_start(args, format);
		fprintf(f, "%s(", name);
		vfprintf(f, format, args);
		fprintf(f, ") = %d\n", code);
		va_end(args);
		fclose(f);
	}
	pthread_mutex_unlock(&mu);
	fakecuda_flush();
	return code;
}

__attribute__((constructor)) void fakecuda_flush(void)
{
	const char *flush = getenv("FAKECUDA_FLUSH");
	if (!flush || !*flush)
		return;
#if defined(__x86_64__)
	__builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
#elif defined(__aarch64__)
	uint64_t mode;
	__asm__ volatile("mrs %0, fpcr" : "=r"(mode));
	__asm__ volatile("msr fpcr, %0" : : "r"(mode | 1 << 24));
#endif
}
