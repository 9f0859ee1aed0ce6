/* Marks that clang's thread-safety analysis reads; nothing to other compilers. */
#ifndef FINCH_KERN_ANNOTATE_H
#define FINCH_KERN_ANNOTATE_H

#ifdef __clang__
#define FINCH_MARK(x) __attribute__((x))
#else
#define FINCH_MARK(x)
#endif

#define LOCK_TYPE FINCH_MARK(capability("spinlock"))
#define GUARDED_BY(lock) FINCH_MARK(guarded_by(lock))
#define ACQUIRES(...) FINCH_MARK(acquire_capability(__VA_ARGS__))
#define RELEASES(...) FINCH_MARK(release_capability(__VA_ARGS__))
#define REQUIRES(...) FINCH_MARK(requires_capability(__VA_ARGS__))
#define UNCHECKED_LOCKING FINCH_MARK(no_thread_safety_analysis)

#endif
