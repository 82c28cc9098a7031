// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.doctor;

import io.github.depthc.backend.kernels.Nvrtc;
import io.github.depthc.backend.tensorrt.GpuSupport;
import io.github.depthc.cli.doctor.Check.State;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/** NVIDIA GPUs, their driver, the compiler of kernels and TensorRT. None is needed on the CPU. */
final class Gpus {
    private static final long PATIENCE_SECONDS = 10;
    private static final int OLDEST_CUDA = 13_000;
    private static final String TENSORRT = "11.2.";
    /** TensorRT in a jar that the program was started with. */
    private static final String REDISTRIBUTED = "org/bytedeco/tensorrt/linux-x86_64/libnvinfer.so.11";

    private Gpus() {
    }

    static List<Check> checks() {
        Optional<NativeLibraries.Loaded> driver = NativeLibraries.find(List.of("libcuda.so.1", "nvcuda.dll"));
        return List.of(
                gpu("nvidia-smi"),
                driver.map(Gpus::driver).orElse(new Check("driver", "GPU driver", State.ABSENT, "none (no CUDA driver library)")),
                nvrtc(), tensorRt(), engines());
    }

    private static Check driver(NativeLibraries.Loaded cuda) {
        return driver(cuda.name(), cuda.read("cuDriverGetVersion"));
    }

    /** @param version as the driver counts it: 13010 is 13.1 */
    static Check driver(String name, OptionalInt version) {
        boolean old = version.isPresent() && version.getAsInt() < OLDEST_CUDA;
        return new Check("driver", "GPU driver", old ? State.ABSENT : State.OK, name
                + (version.isPresent() ? ", up to CUDA " + version.getAsInt() / 1000 + "." + version.getAsInt() % 1000 / 10 : "")
                + (old ? "; engines need a driver for CUDA " + OLDEST_CUDA / 1000 + ".0 or later (580)" : ""));
    }

    /** The compiler of the kernels, which convert needs for GPUs, on any machine. */
    private static Check nvrtc() {
        try {
            return new Check("nvrtc", "NVRTC", State.OK, Nvrtc.whereabouts());
        } catch (InputException e) {
            return new Check("nvrtc", "NVRTC", State.ABSENT, e.getMessage());
        }
    }

    private static Check tensorRt() {
        return NativeLibraries.find(List.of("libnvinfer.so.11", "libnvinfer.so.10", "libnvinfer.so", "nvinfer_11.dll", "nvinfer_10.dll"))
                .map(l -> {
                    OptionalInt version = l.call("getInferLibVersion");
                    return tensorRt(l.name(), version.isPresent() ? tensorRtVersion(version.getAsInt()) : "");
                })
                .orElseGet(() -> Gpus.class.getClassLoader().getResource(REDISTRIBUTED) == null ? new Check("tensorrt", "TensorRT", State.ABSENT, "none (no libnvinfer)")
                        : new Check("tensorrt", "TensorRT", State.OK, "libnvinfer.so.11, on the class path (tools/gpu-libraries)"));
    }

    /** @param version empty where the library does not say it */
    static Check tensorRt(String name, String version) {
        boolean fits = version.startsWith(TENSORRT);
        return new Check("tensorrt", "TensorRT", fits ? State.OK : State.ABSENT, name + (version.isEmpty() ? "" : ", " + version) + (fits ? "" : "; engines need " + TENSORRT + "x"));
    }

    /** All that building and running engines needs, as these commands check it. */
    private static Check engines() {
        return GpuSupport.check().map(missing -> new Check("gpu_engines", "GPU engines", State.ABSENT, missing))
                .orElse(new Check("gpu_engines", "GPU engines", State.OK, "can be built and run"));
    }

    /** Version 8 counts in hundreds, later ones in ten thousands. */
    private static String tensorRtVersion(int v) {
        return v >= 10_000 ? v / 10_000 + "." + v / 100 % 100 + "." + v % 100 : v / 1000 + "." + v / 100 % 10 + "." + v % 100;
    }

    /** Name, memory and driver of each GPU by the driver's own tool, or why there is none to show. */
    static Check gpu(String tool) {
        try {
            Process p = new ProcessBuilder(tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader").redirectErrorStream(true).start();
            p.getOutputStream().close();
            if (!p.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                p.destroyForcibly();
                return noGpu("none known (" + tool + " has said nothing for " + PATIENCE_SECONDS + " s)");
            }
            String out = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (out.isEmpty() || out.toLowerCase(Locale.ROOT).contains("no devices")) {
                return noGpu("no NVIDIA GPU (" + tool + " finds none)");
            }
            return p.exitValue() == 0 ? new Check("gpu", "GPU", State.OK, String.join("; ", out.lines().toList()))
                    : noGpu("none known (" + tool + " says: " + out.lines().findFirst().orElseThrow() + ")");
        } catch (IOException e) {
            return noGpu("none known (" + tool + " not found)");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return noGpu("none known (interrupted)");
        }
    }

    private static Check noGpu(String why) {
        return new Check("gpu", "GPU", State.ABSENT, why);
    }
}
