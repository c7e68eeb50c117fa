// A libcuda for tests on machines without a GPU. Memory of the device is memory of the
// host at another address; at its own there is none, so that whoever touches it is
// ended. What is queued on a stream is done before the call returns, kernels by one
// thread: they are those of ../../ptx, compiled for the host. Every call is checked as
// far as a real driver could: a context that is current on the thread, handles that
// live in it, ranges inside of memory allocated in it.
//
//	sh build.sh DIR
//
// A device has 1 GiB. Environment variables; the fake begins anew when one of the first
// two changes:
//
//	FAKECUDA_TRACE       file to which each call is appended as name(arguments) = code.
//	                     Things are named in the order in which they were made: m1 is
//	                     memory of the device, p1 pinned, s1 a stream, e1 an event, l1
//	                     a module; m1+16 is byte 16 of m1.
//	FAKECUDA_FAIL        name:k=code, the k-th call of that name fails; * is every
//	                     name, k = 0 each call. A code from 700 on is what all later
//	                     calls return too. What gives something back does so and fails.
//	FAKECUDA_DEVICES     number of devices, at most 8, 1 if it is not set.
//	FAKECUDA_CAPABILITY  compute capability, 91 if it is not set.
//	FAKECUDA_FLUSH       if it is not empty, loading the fake and each call leave the
//	                     thread in a mode that takes denormal numbers for zero.
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_DEVICE = 101, INVALID_CONTEXT = 201, INVALID_PTX = 218,
       INVALID_HANDLE = 400, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700, MISALIGNED_ADDRESS = 716 };
enum { ANY, CONTEXT }; // what a call needs
enum { MEMORY = 1 << 30, PAGE = 4096 };

typedef struct {
	char kind; // m p s e l f, as above; f is a function. 0: not in use
	int number;
	char *p; // its handle, or its address
	size_t bytes;
	char *host; // where the bytes of m are
	void *context;
	const char *entry; // of a function, in the text of its module
	void *run;         // what the kernel is here
} thing;

typedef struct {
	int retained;
} context;

// These belong to the call that is between enter and leave.
#pragma GCC visibility push(hidden)
extern context fake_contexts[8]; // of the devices
extern __thread context *fake_current;
extern thing fake_things[4096];

int fake_enter(const char *call, int needs);                // returns a code
int fake_leave(int code, const char *format, ...);          // returns it; not traced if format is NULL
void fake_lose(int code);                                   // all calls from the next on return it
thing *fake_make(char kind, char *p, size_t bytes);         // in the current context, as the two that follow
thing *fake_find(char kind, const void *p);
thing *fake_holds(char kind, const void *p, size_t bytes);  // what p and the bytes from there lie in
int fake_drop(char kind, void *p);                          // returns a code
int fake_live(context *c);                                  // how many things
const char *fake_show(char kind, const void *p);            // what p is called; four may be in use at a time
char *fake_host(uint64_t p, size_t bytes);                  // where these bytes of the device are, or NULL
void fake_unmap(thing *t);                                  // of the device
int fake_devices(void);
#pragma GCC visibility pop

// For the fake cuBLAS: fake_host, between calls.
char *fakecuda_host(uint64_t p, size_t bytes);
void fakecuda_flush(void); // if FAKECUDA_FLUSH says so
