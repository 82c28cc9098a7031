// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;

/** OpenBLAS, as the passes here use it. */
public final class OpenBlas {
    static {
        // Matrices of some hundred rows gain nothing from OpenBLAS's threads, which wait for each other by spinning: singular values of
        // 256 rows take 16 ms on two cores, against 6 ms on one. Several matrices at once gain.
        Loader.load(openblas.class);
        openblas.blas_set_num_threads(1);
    }

    private OpenBlas() {
    }

    /** Makes the native library ready, one thread for each call. Calls on several threads do not disturb each other. */
    public static void load() {
        // the class has been loaded, and with it the library
    }
}
