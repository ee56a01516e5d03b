// The functions of libEGL, loaded at run time.

#define EGL_NO_PLATFORM_SPECIFIC_TYPES
#include <EGL/egl.h>
#include <EGL/eglext.h>

// egl_load opens libEGL and loads its functions. It returns NULL or an error
// message. After it has succeeded once it does nothing.
const char *egl_load(void);

// The functions below require a successful egl_load, and those of extensions a
// library whose extension string lists them.

__eglMustCastToProperFunctionPointerType egl_get_proc_address(const char *name);
EGLint egl_get_error(void);
const char *egl_query_string(EGLDisplay display, EGLint name);

EGLDisplay egl_get_display(void);
EGLDisplay egl_get_platform_display(EGLenum platform, void *native, int track);
EGLBoolean egl_initialize(EGLDisplay display);
EGLBoolean egl_terminate(EGLDisplay display);

EGLBoolean egl_query_devices(EGLint most, EGLDeviceEXT *devices, EGLint *n);
const char *egl_query_device_string(EGLDeviceEXT device, EGLint name);

EGLBoolean egl_bind_opengl(void);
EGLConfig egl_choose_config(EGLDisplay display, EGLint surfaces);
EGLContext egl_create_context(EGLDisplay display, EGLConfig config, const EGLint *attributes);
EGLBoolean egl_destroy_context(EGLDisplay display, EGLContext context);
EGLSurface egl_create_pbuffer(EGLDisplay display, EGLConfig config);
EGLBoolean egl_destroy_surface(EGLDisplay display, EGLSurface surface);
EGLBoolean egl_make_current(EGLDisplay display, EGLSurface surface, EGLContext context);
EGLBoolean egl_release_thread(void);
