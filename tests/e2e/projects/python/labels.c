#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>

struct label {
  char *text;
  struct label *next;
};

static struct label *add(struct label *next, const char *text) {
  struct label *label = malloc(sizeof *label);
  label->text = strdup(text);
  label->next = next;
  return label;
}

static PyObject *free_labels(struct label *label, PyObject *result) {
  while (label != NULL) {
    struct label *next = label->next;
    free(label->text);
    free(label);
    label = next;
  }
  return result;
}

/* join(a, b, …) gives the texts one after the other; it forgets the labels when one is no text. */
static PyObject *join(PyObject *module, PyObject *arguments) {
  struct label *labels = NULL;
  PyObject *joined = PyUnicode_FromString("");
  (void)module;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arguments); i++) {
    PyObject *argument = PyTuple_GET_ITEM(arguments, i);
    const char *text = PyUnicode_Check(argument) ? PyUnicode_AsUTF8(argument) : NULL;
    if (text == NULL) {
      Py_DECREF(joined);
      PyErr_SetString(PyExc_TypeError, "join() wants texts");
      return NULL;
    }
    labels = add(labels, text);
    PyUnicode_Append(&joined, argument);
  }
  return free_labels(labels, joined);
}

/* size(n) gives n; it never gives up its reference to a text of n letters. */
static PyObject *size(PyObject *module, PyObject *argument) {
  (void)module;
  PyObject *text = PyBytes_FromStringAndSize(NULL, PyLong_AsSsize_t(argument));
  return text == NULL ? NULL : PyLong_FromSsize_t(PyBytes_GET_SIZE(text));
}

static PyMethodDef methods[] = {
    {"join", join, METH_VARARGS, NULL}, {"size", size, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "labels", NULL, -1, methods, NULL, NULL,
                                    NULL,                  NULL};

PyMODINIT_FUNC PyInit_labels(void) { return PyModule_Create(&module); }
