// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.io;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A folder beside its target that becomes the target by a rename, or disappears: when it is closed without
 * {@link #commit}, when the process is asked to end, and, after a process that was killed, when the next one begins to
 * write to the same target.
 */
public final class StagingFolder implements AutoCloseable {
    private static final String SUFFIX = ".partial";
    private static final String LOCK = ".lock";
    /** Bytes that file systems take for a name. */
    private static final int MOST_LETTERS = 255;
    /** Bytes of a name that leave room for what is added to it. */
    private static final int SHORT = 200;

    private final Path target;
    private final boolean replace;
    private final Path folder;
    private final List<Path> madeParents;
    private final FileChannel lockFile;
    private final Thread hook;
    private boolean committed;

    private StagingFolder(Path target, boolean replace, Path folder, List<Path> madeParents, FileChannel lockFile) {
        this.target = target;
        this.replace = replace;
        this.folder = folder;
        this.madeParents = madeParents;
        this.lockFile = lockFile;
        this.hook = new Thread(this::abandon, "delete " + folder.getFileName());
    }

    /**
     * Makes the folder, and the target's parents where there are none; these go again with it.
     *
     * @param path    the target
     * @param replace whether {@link #commit()} replaces what is there, whatever it is; else the target may be an empty folder
     * @throws InputException if the target is the root of a file system, or its parent is a file
     */
    public static StagingFolder open(Path path, boolean replace) throws IOException {
        Path target = path.toAbsolutePath().normalize();
        if (target.getFileName() == null) {
            throw new InputException(path + " is the root of a file system; give the name of a new folder");
        }
        Path parent = target.getParent();
        var made = new ArrayList<Path>();
        for (Path p = parent; !Files.exists(p); p = p.getParent()) {
            made.add(p);
        }
        if (!Files.isDirectory(parent) && made.isEmpty()) {
            throw new InputException(parent + " is no folder; give another output path");
        }
        Files.createDirectories(parent);
        String prefix = "." + shortName(target) + ".";
        Path folder = parent.resolve(prefix + ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime()) + SUFFIX);
        try {
            deleteAbandoned(parent, prefix);
            Files.createDirectory(folder);
            FileChannel lockFile = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            lockFile.lock();
            var staging = new StagingFolder(target, replace, folder, made, lockFile);
            Runtime.getRuntime().addShutdownHook(staging.hook);
            return staging;
        } catch (IOException e) {
            deleteAll(folder, made);
            throw e instanceof FileSystemException f ? new IOException(path + ": nothing can be written in " + parent + " (" + reason(f) + "); give another output path, or "
                    + "make that folder writable", e) : e;
        }
    }

    /** The target's name, cut where this folder's would become too long. */
    private static String shortName(Path target) {
        requireTarget(target);
        String name = target.getFileName().toString();
        return letters(name) <= SHORT ? name : name.substring(0, Math.min(name.length(), SHORT / 4)) + "-" + Integer.toHexString(name.hashCode());
    }

    /** {@link InputException} where nothing can be put: under a name that is too long, or in the place of the working directory. */
    public static void requireTarget(Path target) {
        int letters = letters(target.getFileName().toString());
        if (letters > MOST_LETTERS) {
            throw new InputException(target + ": its name takes " + letters + " bytes, expected at most " + MOST_LETTERS + "; give a shorter one");
        }
        if (Path.of("").toAbsolutePath().startsWith(target)) {
            throw new InputException(target + ": is the working directory, or has it in it, and what is written takes its place; give the name of a new folder");
        }
    }

    /** A file in a folder that is none of its own, whose paths in it have slashes: one that replacing the folder would delete with it. The first by name. */
    public static Optional<String> stranger(Path folder, Predicate<String> own) throws IOException {
        Path root = folder.toRealPath();
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(f -> !Files.isDirectory(f, LinkOption.NOFOLLOW_LINKS)).map(f -> root.relativize(f).toString().replace('\\', '/')).filter(own.negate())
                    .sorted().findFirst();
        }
    }

    private static int letters(String name) {
        return name.getBytes(StandardCharsets.UTF_8).length;
    }

    private static String reason(FileSystemException e) {
        return e.getReason() != null ? e.getReason() : e instanceof AccessDeniedException ? "permission denied" : e.getClass().getSimpleName();
    }

    /** A failure to write here, told of the target: what a user gave, and what to do. One that names a file already is as it was. */
    public IOException about(IOException e) {
        return e instanceof FileSystemException || String.valueOf(e.getMessage()).contains(target.toString()) ? e
                : new IOException(target + ": cannot be written: " + e.getMessage() + "; nothing was left behind. Make room, or give another output path", e);
    }

    // A folder whose lock can be taken belongs to a process that is gone.
    private static void deleteAbandoned(Path parent, String prefix) throws IOException {
        try (var entries = Files.newDirectoryStream(parent, p -> p.getFileName().toString().startsWith(prefix)
                && p.getFileName().toString().endsWith(SUFFIX))) {
            for (Path old : entries) {
                boolean abandoned = false;
                try (FileChannel channel = FileChannel.open(old.resolve(LOCK), StandardOpenOption.WRITE);
                        FileLock lock = channel.tryLock()) {
                    abandoned = lock != null;
                } catch (NoSuchFileException | OverlappingFileLockException e) {
                    // being made or deleted, or of this process
                }
                if (abandoned) {
                    delete(old);
                }
            }
        }
    }

    /** Where to write. */
    public Path folder() {
        return folder;
    }

    /**
     * Makes the folder the target; what was there is deleted afterwards.
     *
     * @throws IOException if it cannot be renamed, or something is there that may not be replaced
     */
    public void commit() throws IOException {
        lockFile.close();
        Files.delete(folder.resolve(LOCK));
        Path old = null;
        if (Files.exists(target)) {
            if (replace) {
                old = target.resolveSibling(folder.getFileName() + ".old");
                move(target, old);
            } else if (Files.isDirectory(target)) {
                try {
                    Files.delete(target);
                } catch (DirectoryNotEmptyException e) {
                    throw new IOException(target + ": something else has been written there meanwhile; give another output path, or --force to replace it", e);
                }
            }
        }
        try {
            move(folder, target);
        } catch (IOException e) {
            if (old != null) {
                move(old, target);
            }
            throw e;
        }
        committed = true;
        sync(target.getParent());
        if (old != null) {
            delete(old);
        }
    }

    /** Makes one file of the folder the target, in place of a file that was there; the others disappear. */
    public void commit(String file) throws IOException {
        move(folder.resolve(file), target);
        madeParents.clear();
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException("the file system of " + to + " cannot rename in one step", e);
        }
    }

    /** Makes a folder's or file's content safe against loss of power. */
    public static void sync(Path path) throws IOException {
        boolean folder = Files.isDirectory(path);
        if (folder && System.getProperty("os.name").startsWith("Windows")) {
            return; // folders cannot be opened there
        }
        try (FileChannel c = FileChannel.open(path, folder ? StandardOpenOption.READ : StandardOpenOption.WRITE)) {
            c.force(true);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            lockFile.close();
            if (!committed) {
                deleteAll(folder, madeParents);
            }
        } finally {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // the process is ending and the hook does its work
            }
        }
    }

    /** What becomes of it when the process is asked to end: it is deleted, whatever is still being written to it. */
    public void abandon() {
        for (int tries = 0; tries < 10 && Files.exists(folder); tries++) {
            try {
                delete(folder); // again when a writer added a file meanwhile
            } catch (IOException | UncheckedIOException e) {
                Thread.onSpinWait();
            }
        }
        try {
            for (Path parent : madeParents) {
                Files.delete(parent);
            }
        } catch (IOException e) {
            // somebody has put something there
        }
    }

    private static void deleteAll(Path folder, List<Path> madeParents) throws IOException {
        if (Files.exists(folder)) {
            delete(folder);
        }
        for (Path parent : madeParents) {
            Files.deleteIfExists(parent); // the process may be ending, and the hook have done it
        }
    }

    private static void delete(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path dir, IOException failure) throws IOException {
                Files.deleteIfExists(dir);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
