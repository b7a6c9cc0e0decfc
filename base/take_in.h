/*
 * A file of the source tree as a constant of the program, byte for byte, with
 * a NUL behind it. The Makefile has to know that the object depends on it.
 */
#ifndef OKSE_BASE_TAKE_IN_H
#define OKSE_BASE_TAKE_IN_H

/* Defines name[] and name_end[], to be declared as extern const char. */
#define TAKE_IN(name, file)                                                   \
	__asm__(".pushsection .rodata\n"                                      \
	    ".global " #name "\n" #name ":\n"                                 \
	    ".incbin \"" file "\"\n"                                          \
	    ".global " #name "_end\n" #name "_end:\n"                         \
	    ".byte 0\n"                                                       \
	    ".popsection\n")

#endif
