/* What the two sides of a request's frame share; the whole is request.txt. */
#ifndef OKSE_POLICY_REQUEST_FRAME_H
#define OKSE_POLICY_REQUEST_FRAME_H

#define FRAME_VERSION 2
#define FRAME_DRY_RUN 1
#define FRAME_PICTURES 2
#define FRAME_HEAD 2		/* bytes before what request_frame() gives */
#define FRAME_SIZE ((size_t)1 << 20)

#endif
