"""Linux under the same QEMU, for tools/bench: Debian's own kernel for the i386, running the same benchmark.

The kernel comes as a package, by apt from the archives that this system uses, checked by apt as any other; it is
unpacked under build/linux/ and not installed. Its lists of packages are kept there too, apart from the system's.
"""
import glob
import os
import re
import stat
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, os.environ.get('BUILD', 'build'))
FOLDER = os.path.join(BUILD, 'linux')
PACKAGE = 'linux-image-686-pae'  # depends on the one of the current version

# What makes it as fast as it can be, and as quiet.
WORDS = 'console=ttyS0 quiet mitigations=off audit=0 init_on_alloc=0 init_on_free=0 rdinit=/init --'

APT = '''Dir::State "{0}";
Dir::State::lists "{0}/lists";
Dir::State::status "{0}/status";
Dir::Cache "{0}/cache";
APT::Architecture "i386";
APT::Architectures {{ "i386"; }};
APT::Sandbox::User "{1}";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
'''


def say(text):
    print(f'bench: {text}', file=sys.stderr)


def give_up(text):
    say(text)
    sys.exit(3)


def run(*command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors='replace',
                          check=False, **options)


# --- The package ---

def apt(tool, *arguments, **options):
    return run(tool, '-c', os.path.join(FOLDER, 'apt.conf'), *arguments, cwd=FOLDER, **options)


def apt_prepare():
    for name in 'lists/partial', 'cache/archives/partial':
        os.makedirs(os.path.join(FOLDER, name), exist_ok=True)
    with open(os.path.join(FOLDER, 'status'), 'a', encoding='utf-8'):
        pass
    with open(os.path.join(FOLDER, 'apt.conf'), 'w', encoding='utf-8') as conf:
        conf.write(APT.format(FOLDER, 'root' if os.geteuid() == 0 else ''))


def apt_candidate():
    """The package that PACKAGE stands for."""
    match = re.search(r'Depends: (linux-image-\S+)', apt('apt-cache', 'depends', PACKAGE).stdout)
    return match and match.group(1)


def fetch():
    say('fetching the list of packages')
    apt_prepare()
    # Not all archives need answer, and some have nothing for this machine: what counts is whether the package is there.
    why = apt('apt-get', 'update', stderr=subprocess.STDOUT).stdout
    package = apt_candidate()
    if not package:
        give_up(f"no {PACKAGE} in the archives of this system; this takes Debian's. apt-get said:\n{why}")
    say(f'fetching {package} (some 70 MB)')
    done = apt('apt-get', '-q', 'download', package, stderr=subprocess.STDOUT)
    files = glob.glob(os.path.join(FOLDER, package + '_*.deb'))
    if done.returncode or not files:
        give_up(f'could not fetch {package}: {done.stdout}')
    say('unpacking it')
    if run('dpkg-deb', '-x', files[0], os.path.join(FOLDER, 'unpacked')).returncode:
        give_up(f'could not unpack {files[0]}')
    os.unlink(files[0])


def kernel():
    """The path of the kernel, which is fetched if it is not there."""
    pattern = os.path.join(FOLDER, 'unpacked', 'boot', 'vmlinuz-*')
    if not glob.glob(pattern):
        fetch()
    return max(glob.glob(pattern))


def version():
    return os.path.basename(kernel()).removeprefix('vmlinuz-')


# --- The programs and their initramfs ---

def cpio_entry(name, mode, data=b'', device=(0, 0)):
    """One entry of an archive in the `newc` form."""
    name = name.encode() + b'\0'
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0]
    head = b'070701' + b''.join(b'%08x' % field for field in fields) + name
    return head + b'\0' * (-len(head) % 4) + data + b'\0' * (-len(data) % 4)


def make_initramfs():
    path = os.path.join(FOLDER, 'initramfs')
    make = ['make', '-s', '-C', ROOT, 'B=' + os.environ.get('BUILD', 'build'), 'linux-programs']
    if run(*make).returncode:
        give_up('it did not build')
    with open(path, 'wb') as archive:
        archive.write(cpio_entry('dev', stat.S_IFDIR | 0o755))
        archive.write(cpio_entry('dev/console', stat.S_IFCHR | 0o600, device=(5, 1)))
        for name, file in ('init', 'bench'), ('bench', 'bench'), ('pipes', 'pipes'), ('true', 'true'):
            with open(os.path.join(FOLDER, file), 'rb') as program:
                archive.write(cpio_entry(name, stat.S_IFREG | 0o755, program.read()))
        archive.write(cpio_entry('TRAILER!!!', 0))
    return path


def output(words, *options):
    """What the benchmarks print, run with these words as their arguments."""
    image, initramfs = kernel(), make_initramfs()
    machine = run('timeout', '900', 'qemu-system-i386', '-machine', 'pc', '-m', '256M', '-smp', '1', '-nic', 'none',
                  '-no-user-config', '-display', 'none', '-no-reboot', '-monitor', 'none', '-serial', 'stdio',
                  '-kernel', image, '-initrd', initramfs, '-append', f'{WORDS} {words}', *options,
                  stderr=subprocess.STDOUT)
    text = machine.stdout.replace('\r', '')
    if not re.search(r'^done$', text, re.M):
        give_up(f'Linux did not come to its end:\n{text[-3000:]}')
    return text
