/*
 * The program's version: a whole number, raised with each release. A policy
 * bundle says the least that it needs.
 */
#ifndef OKSE_BASE_VERSION_H
#define OKSE_BASE_VERSION_H

#define OKSE_VERSION 1

#endif
