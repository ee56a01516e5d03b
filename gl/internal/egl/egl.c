//go:build gl && cgo && linux

#include "egl.h"

#include <dlfcn.h>
#include <stddef.h>

static struct {
	PFNEGLGETPROCADDRESSPROC getProcAddress;
	PFNEGLGETERRORPROC getError;
	PFNEGLQUERYSTRINGPROC queryString;
	PFNEGLGETDISPLAYPROC getDisplay;
	PFNEGLINITIALIZEPROC initialize;
	PFNEGLTERMINATEPROC terminate;
	PFNEGLBINDAPIPROC bindAPI;
	PFNEGLCHOOSECONFIGPROC chooseConfig;
	PFNEGLCREATECONTEXTPROC createContext;
	PFNEGLDESTROYCONTEXTPROC destroyContext;
	PFNEGLCREATEPBUFFERSURFACEPROC createPbuffer;
	PFNEGLDESTROYSURFACEPROC destroySurface;
	PFNEGLMAKECURRENTPROC makeCurrent;
	PFNEGLRELEASETHREADPROC releaseThread;
	// Functions of EGL 1.5 and of extensions; NULL if missing.
	PFNEGLGETPLATFORMDISPLAYPROC getPlatformDisplay;
	PFNEGLGETPLATFORMDISPLAYEXTPROC getPlatformDisplayEXT;
	PFNEGLQUERYDEVICESEXTPROC queryDevices;
	PFNEGLQUERYDEVICESTRINGEXTPROC queryDeviceString;
} egl;

static const struct {
	const char *name;
	size_t place;
} required[] = {
	{"eglGetProcAddress", offsetof(__typeof__(egl), getProcAddress)},
	{"eglGetError", offsetof(__typeof__(egl), getError)},
	{"eglQueryString", offsetof(__typeof__(egl), queryString)},
	{"eglGetDisplay", offsetof(__typeof__(egl), getDisplay)},
	{"eglInitialize", offsetof(__typeof__(egl), initialize)},
	{"eglTerminate", offsetof(__typeof__(egl), terminate)},
	{"eglBindAPI", offsetof(__typeof__(egl), bindAPI)},
	{"eglChooseConfig", offsetof(__typeof__(egl), chooseConfig)},
	{"eglCreateContext", offsetof(__typeof__(egl), createContext)},
	{"eglDestroyContext", offsetof(__typeof__(egl), destroyContext)},
	{"eglCreatePbufferSurface", offsetof(__typeof__(egl), createPbuffer)},
	{"eglDestroySurface", offsetof(__typeof__(egl), destroySurface)},
	{"eglMakeCurrent", offsetof(__typeof__(egl), makeCurrent)},
	{"eglReleaseThread", offsetof(__typeof__(egl), releaseThread)},
};

const char *egl_load(void) {
	static void *library;
	if (library) return NULL;
	void *opened = dlopen("libEGL.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!opened) return dlerror();
	for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
		void *f = dlsym(opened, required[i].name);
		if (!f) return dlerror();
		*(void **)((char *)&egl + required[i].place) = f;
	}
	egl.getPlatformDisplay = (PFNEGLGETPLATFORMDISPLAYPROC)dlsym(opened, "eglGetPlatformDisplay");
	egl.getPlatformDisplayEXT = (PFNEGLGETPLATFORMDISPLAYEXTPROC)egl.getProcAddress("eglGetPlatformDisplayEXT");
	egl.queryDevices = (PFNEGLQUERYDEVICESEXTPROC)egl.getProcAddress("eglQueryDevicesEXT");
	egl.queryDeviceString = (PFNEGLQUERYDEVICESTRINGEXTPROC)egl.getProcAddress("eglQueryDeviceStringEXT");
	library = opened;
	return NULL;
}

// go-gl loads its functions by glXGetProcAddress. This definition replaces that of
// libGL, so that the program starts without a GL library.
__attribute__((visibility("hidden"))) void (*glXGetProcAddress(const unsigned char *name))(void) {
	return egl.getProcAddress ? egl.getProcAddress((const char *)name) : NULL;
}

__eglMustCastToProperFunctionPointerType egl_get_proc_address(const char *name) { return egl.getProcAddress(name); }

EGLint egl_get_error(void) { return egl.getError(); }

const char *egl_query_string(EGLDisplay display, EGLint name) { return egl.queryString(display, name); }

EGLDisplay egl_get_display(void) { return egl.getDisplay(EGL_DEFAULT_DISPLAY); }

EGLDisplay egl_get_platform_display(EGLenum platform, void *native, int track) {
	const EGLAttrib attributes[] = {EGL_TRACK_REFERENCES_KHR, EGL_TRUE, EGL_NONE};
	if (egl.getPlatformDisplay) return egl.getPlatformDisplay(platform, native, track ? attributes : NULL);
	if (egl.getPlatformDisplayEXT) return egl.getPlatformDisplayEXT(platform, native, NULL);
	return EGL_NO_DISPLAY;
}

EGLBoolean egl_initialize(EGLDisplay display) { return egl.initialize(display, NULL, NULL); }

EGLBoolean egl_terminate(EGLDisplay display) { return egl.terminate(display); }

EGLBoolean egl_query_devices(EGLint most, EGLDeviceEXT *devices, EGLint *n) {
	return egl.queryDevices && egl.queryDevices(most, devices, n);
}

const char *egl_query_device_string(EGLDeviceEXT device, EGLint name) {
	return egl.queryDeviceString ? egl.queryDeviceString(device, name) : NULL;
}

EGLBoolean egl_bind_opengl(void) { return egl.bindAPI(EGL_OPENGL_API); }

EGLConfig egl_choose_config(EGLDisplay display, EGLint surfaces) {
	const EGLint attributes[] = {EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_SURFACE_TYPE, surfaces, EGL_NONE};
	EGLConfig config = NULL;
	EGLint n = 0;
	return egl.chooseConfig(display, attributes, &config, 1, &n) && n > 0 ? config : NULL;
}

EGLContext egl_create_context(EGLDisplay display, EGLConfig config, const EGLint *attributes) {
	return egl.createContext(display, config, EGL_NO_CONTEXT, attributes);
}

EGLBoolean egl_destroy_context(EGLDisplay display, EGLContext context) { return egl.destroyContext(display, context); }

EGLSurface egl_create_pbuffer(EGLDisplay display, EGLConfig config) {
	const EGLint attributes[] = {EGL_WIDTH, 1, EGL_HEIGHT, 1, EGL_NONE};
	return egl.createPbuffer(display, config, attributes);
}

EGLBoolean egl_destroy_surface(EGLDisplay display, EGLSurface surface) { return egl.destroySurface(display, surface); }

EGLBoolean egl_make_current(EGLDisplay display, EGLSurface surface, EGLContext context) {
	return egl.makeCurrent(display, surface, surface, context);
}

EGLBoolean egl_release_thread(void) { return egl.releaseThread(); }
